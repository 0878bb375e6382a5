"""States as a column of a table: a strip for each layer and state, named where there are several."""

import io

import pytest
from rich.console import Console

from charseq.analysis.unrolling import Unroller
from charseq.reports.display.tables import filled_table
from charseq.reports.state_column import StateColumn
from charseq.reports.steps import StepReport
from tests.analysis.builders import checkpoint_of
from tests.reports.builders import UNROLLED, UNROLLED_NGRAM, in_terminal
from tests.reports.display.test_heat import CODES


def console(width: int = 80) -> Console:
    return Console(file=io.StringIO(), width=width)


def test_layers_and_states_are_named() -> None:
    """Each step has a strip for each, below each other."""
    column = StateColumn.of(console(), UNROLLED)
    assert column is not None
    assert [line[:3] for line in column.cells[0].plain.split("\n")] == ["h1 ", "C1 ", "h2 ", "C2 "]
    assert len(column.cells) == len(UNROLLED.steps)
    assert [legend.plain.split(" ", 3)[-1] for legend in column.legends()] == ["activation", "cell state C"]


def test_a_single_state_has_no_name() -> None:
    """It stands where the ruler says."""
    column = StateColumn.of(console(), Unroller(checkpoint_of()).unroll("he"))
    assert column is not None
    assert column.header.plain == "state of the neurons\n1"
    assert [len(cell.plain) for cell in column.cells] == [8, 8, 8]


def test_the_column_is_the_second_of_a_table() -> None:
    """The others keep their order and their cells."""
    column = StateColumn.of(console(), UNROLLED)
    assert column is not None
    rows = [[f"{k}", "x", "y"] for k in range(4)]
    text = in_terminal(column.within(filled_table(["a", "b", "c"], rows, num_text_columns=1)))
    lines = [line.split() for line in text.splitlines() if line[:1].isdigit()]
    assert [(line[0], line[1], line[-2:]) for line in lines] == [(f"{k}", "h1", ["x", "y"]) for k in range(4)]


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_a_strip_leaves_room_for_the_other_columns(width: int) -> None:
    """A narrow terminal has fewer cells side by side; no word is broken there."""
    unrolling = Unroller(checkpoint_of(), num_top=2).unroll("he")
    file = io.StringIO()
    StepReport().show(Console(file=file, width=width, force_terminal=True, no_color=True), [unrolling])
    lines = CODES.sub("", file.getvalue()).splitlines()
    assert max(map(len, lines)) <= width
    assert any(line.startswith("input") for line in lines)
    assert all(len(guess.split("=")[1]) == 5 for line in lines for guess in line.split() if "=" in guess)


def test_a_model_without_states_has_no_column() -> None:
    """N-grams carry none."""
    assert StateColumn.of(console(), UNROLLED_NGRAM) is None
