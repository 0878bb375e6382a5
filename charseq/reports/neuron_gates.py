"""The report on the inside of single neurons: gates, candidate and states after each character of a text."""

from operator import attrgetter
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from charseq.analysis.activations import CANDIDATE
from charseq.analysis.inside import NeuronInside, NeuronsInside
from charseq.reports.column import field
from charseq.reports.display import page
from charseq.reports.display.axes import Series
from charseq.reports.display.chart import Chart
from charseq.reports.display.heat import ACTIVATION, OPENNESS
from charseq.reports.display.staff import Row, print_staff
from charseq.reports.report import Report
from charseq.reports.states import state_scale


class Value(NamedTuple):
    """One quantity of a neuron after a character."""

    offset: int
    char: str
    layer: int
    neuron: int
    quantity: str
    value: float


class NeuronGateReport(Report):
    """For each neuron the text with a row of cells for each quantity below it."""

    command, name, title, has_name = "inspect", "neuron gates", "Inside neurons", False
    help = (
        "`charseq inspect --neuron LAYER:NEURON --gates`. One row for each neuron, quantity and character: "
        "the openness of each gate (0 shut, 1 open), the candidate, and the states."
    )
    columns = (
        field("offset", attrgetter("offset"), "place of the character, from 0"),
        field("char", attrgetter("char"), "the character"),
        field("layer", attrgetter("layer"), "the layer, counted from 1"),
        field("neuron", attrgetter("neuron"), "the neuron in its layer, counted from 1"),
        field("quantity", attrgetter("quantity"), "the name of a gate, candidate, c (an LSTM's), or h"),
        field("value", attrgetter("value"), "its value after the character"),
    )

    def items(self, result: NeuronsInside) -> list[Value]:
        """Return each quantity of each neuron after each character."""
        return [
            Value(offset, char, *one.place, name, value)
            for one in result.neurons
            for name, values in one.values.items()
            for offset, (char, value) in enumerate(zip(result.text, values.tolist(), strict=True))
        ]

    def show(self, console: Console, result: NeuronsInside) -> None:
        """Print the text for each neuron, with its quantities below each line."""
        for number, one in enumerate(result.neurons):
            if number:
                console.print()
            console.print(Text(one.name, style="bold"))
            print_staff(console, result.text, rows_of(one))

    def sections(self, result: NeuronsInside) -> list[str]:
        """Return for each neuron a section with a chart of all quantities, and the text coloured by each."""
        places = range(len(result.text))
        parts = []
        for one in result.neurons:
            rows = rows_of(one)
            series = [Series(row.name, places, row.values.tolist()) for row in rows]
            texts = [
                part
                for row in rows
                for part in (page.paragraph(row.name), page.heat_text(result.text, row.values, row.scale))
            ]
            chart = Chart(series, x_label="character", y_label="value").html()
            parts.append(page.section(one.name, chart, *texts))
        return parts


def rows_of(neuron: NeuronInside) -> list[Row]:
    """Return the quantities of a neuron as rows below a text."""
    rows = []
    for name, values in neuron.values.items():
        is_state = name not in neuron.gates and name != CANDIDATE
        scale = state_scale(name, values) if is_state else ACTIVATION if name == CANDIDATE else OPENNESS
        rows.append(Row(quantity_word(name), values, scale))
    return rows


def quantity_word(name: str) -> str:
    """Return the name of a quantity for people: the cell state is a capital C."""
    return "C" if name == "c" else name
