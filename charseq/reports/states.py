"""The report on whole states: every neuron of every layer after each character of a text, as strips."""

from collections.abc import Iterator
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.text import Text

from charseq.analysis.activations import States
from charseq.analysis.inside import TextStates, scale_of
from charseq.arrays import FloatArray
from charseq.reports.column import field
from charseq.reports.display import page
from charseq.reports.display.grid import Grid, grid_chart
from charseq.reports.display.heat import ACTIVATION, Scale
from charseq.reports.display.strips import input_labels, print_strips
from charseq.reports.report import Report

MAX_CELLS = 100_000
"""The most cells of a picture on a page; it then has the beginning of the text."""


class State(NamedTuple):
    """One state of a layer after a character: a number for each neuron."""

    offset: int
    char: str
    layer: int
    state: str
    values: list[float]


class StateReport(Report):
    """A picture for each layer and state, with a strip for each character."""

    command, name, title, has_name = "inspect", "states", "States", False
    help = "`charseq inspect --states`. One row for each layer, state and character."
    columns = (
        field("offset", attrgetter("offset"), "place of the character, from 0"),
        field("char", attrgetter("char"), "the character"),
        field("layer", attrgetter("layer"), "the layer, counted from 1"),
        field("state", attrgetter("state"), "the name of the state: h, and c for the cell state of an LSTM"),
        field("values", attrgetter("values"), "the state after the character, a number for each neuron"),
    )

    def items(self, result: TextStates) -> list[State]:
        """Return each state of each layer after each character."""
        return [
            State(offset, char, layer, state, row)
            for layer, state, values in each_state(result.states)
            for offset, (char, row) in enumerate(zip(result.text, values.tolist(), strict=True))
        ]

    def show(self, console: Console, result: TextStates) -> None:
        """Print a picture for each layer and state."""
        labels = input_labels(result.text)
        for number, (layer, state, values) in enumerate(each_state(result.states)):
            if number:
                console.print()
            console.print(Text(state_name(layer, state), style="bold"))
            print_strips(console, labels, values, state_scale(state, values))

    def sections(self, result: TextStates) -> list[str]:
        """Return a section with a picture for each layer and state."""
        labels = input_labels(result.text)
        return [
            page.section(state_name(layer, state), *state_picture(labels, layer, state, values))
            for layer, state, values in each_state(result.states)
        ]


def each_state(states: States) -> Iterator[tuple[int, str, FloatArray]]:
    """Yield the layer, counted from 1, the name of the state, and its numbers (L, H)."""
    for layer in range(len(states.hidden)):
        for name, values in states.states.items():
            yield layer + 1, name, values[layer]


def state_name(layer: int, state: str) -> str:
    """Return a state in words."""
    return f"layer {layer}, {STATE_WORDS.get(state, state)}"


def state_scale(state: str, values: FloatArray) -> Scale:
    """Return the scale of a state: h is between -1 and 1; any other one has the range of its values."""
    if state == "h":
        return ACTIVATION
    end = scale_of(values)
    return Scale(-end, end, STATE_WORDS.get(state, state), diverging=True)


def state_picture(labels: list[str], layer: int, state: str, values: FloatArray) -> list[str]:
    """Return the picture of a state for a page, below a sentence on its length if it is cut."""
    num_rows = max(1, MAX_CELLS // max(1, values.shape[1]))
    parts = []
    if len(labels) > num_rows:
        parts.append(page.paragraph(f"The first {num_rows:,} of {len(labels):,} characters."))
    shown = np.asarray(values[:num_rows])
    grid = Grid(state_name(layer, state), labels[:num_rows], shown, state_scale(state, values))
    return [*parts, page.wide(grid_chart(grid))]


STATE_WORDS = {"h": "hidden state h", "c": "cell state C"}
"""The names of states in words."""
