"""The report on gates: how open each kind is over the neurons of a layer, at each character of a text."""

from operator import attrgetter
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from charseq.analysis.activations import OPEN, SHUT
from charseq.analysis.inside import GateSpreads
from charseq.reports.column import field
from charseq.reports.display import page
from charseq.reports.display.axes import Series
from charseq.reports.display.chart import Chart
from charseq.reports.display.heat import OPENNESS
from charseq.reports.display.staff import Row, print_staff
from charseq.reports.display.tables import filled_table
from charseq.reports.report import Report

CURVES = {"q3": "upper quartile", "median": "median", "q1": "lower quartile"}


class Openness(NamedTuple):
    """The openness of a layer's gates at a character: numbers over its neurons."""

    offset: int
    char: str
    layer: int
    gate: str
    mean: float
    q1: float
    median: float
    q3: float
    shut: float
    open: float


class GateReport(Report):
    """A table of how the openness is spread, and the text with the median and the quartiles below it."""

    command, name, title, has_name = "inspect", "gates", "Gates", False
    help = (
        "`charseq inspect --gates`. One row for each layer, gate and character; openness is 0 shut, 1 open."
    )
    columns = (
        field("offset", attrgetter("offset"), "place of the character, from 0"),
        field("char", attrgetter("char"), "the character"),
        field("layer", attrgetter("layer"), "the layer, counted from 1"),
        field("gate", attrgetter("gate"), "the name of the gate"),
        field("openness", attrgetter("mean"), "mean openness over the layer's neurons"),
        field("openness_q1", attrgetter("q1"), "lower quartile of the openness over the neurons"),
        field("openness_median", attrgetter("median"), "median of the openness over the neurons"),
        field("openness_q3", attrgetter("q3"), "upper quartile of the openness over the neurons"),
        field("shut_fraction", attrgetter("shut"), "share of the neurons whose gate is below 0.1"),
        field("open_fraction", attrgetter("open"), "share of the neurons whose gate is above 0.9"),
    )

    def items(self, result: GateSpreads) -> list[Openness]:
        """Return the openness of each gate at each character."""
        return [
            Openness(offset, char, layer, gate, *(float(values[offset]) for values in spread.values()))
            for layer, gate, spread in result.each()
            for offset, char in enumerate(result.text)
        ]

    def table(self, result: GateSpreads) -> Table:
        """Return a line for each layer and gate: the means over the text of the numbers over neurons."""
        lines = [
            [f"{layer}", gate, *(f"{spread[name].mean():.2f}" for name in SHOWN)]
            for layer, gate, spread in result.each()
        ]
        headers = ["layer", "gate", "q1", "median", "q3", f"below {SHUT}", f"above {OPEN}"]
        return filled_table(headers, lines, num_text_columns=2)

    def show(self, console: Console, result: GateSpreads) -> None:
        """Print the table, then the text once for each layer."""
        console.print(Text(MEANING))
        console.print()
        console.print(self.table(result))
        for layer in sorted({layer for layer, _, _ in result.each()}):
            console.print()
            console.print(Text(f"layer {layer}: openness of each gate", style="bold"))
            rows = [
                Row(f"{gate.removesuffix(' gate')} {name}", spread[name], OPENNESS)
                for number, gate, spread in result.each()
                if number == layer
                for name in CURVES
            ]
            print_staff(console, result.text, rows)

    def sections(self, result: GateSpreads) -> list[str]:
        """Return a section with the table, and one with a chart and the coloured text for each gate."""
        parts = [page.section(self.title, page.paragraph(MEANING), page.table(self.table(result)))]
        places = range(len(result.text))
        for layer, gate, spread in result.each():
            series = [Series(word, places, spread[name].tolist()) for name, word in CURVES.items()]
            parts.append(
                page.section(
                    f"layer {layer}, {gate}",
                    Chart(series, x_label="character", y_label="openness").html(),
                    page.paragraph("The text coloured by the median:"),
                    page.heat_text(result.text, spread["median"], OPENNESS),
                )
            )
        return parts


SHOWN = ("q1", "median", "q3", "shut", "open")
MEANING = (
    "Openness of the gates over the neurons of a layer, 0 shut and 1 open: lower quartile q1, median, upper "
    f"quartile q3, and the shares of neurons below {SHUT} and above {OPEN}; means over the text"
)
