"""Strips in the terminal: a cell for each number in its order, in bars, cells and half cells."""

import io
import re

import numpy as np
import pytest
from rich.color import Color
from rich.text import Text

from charseq.reports.display.heat import ACTIVATION, DIVERGING_BACKGROUNDS, OPENNESS, Paint
from charseq.reports.display.strips import cells_per_line, input_labels, print_strips, strip_lines
from tests.reports.display.test_heat import console_of

EIGHTHS = np.arange(9) / 8


def paint(*, coloured: bool) -> Paint:
    return Paint(console_of(io.StringIO(), coloured=coloured), ACTIVATION if coloured else OPENNESS)


def colours_of(line: Text, *, lower: bool) -> list[str | None]:
    """Return the colour of each cell of a line: that of its upper or its lower half, None for the paper."""
    console, found = console_of(io.StringIO()), list[str | None]()
    for k, char in enumerate(line.plain):
        style = line.get_style_at_offset(console, k)
        ink, ground = (one and one.name for one in (style.color, style.bgcolor))
        upper_half, lower_half = {"▀": (ink, ground), "▄": (None, ink), " ": (ground, ground)}[char]
        found.append(lower_half if lower else upper_half)
    return found


def test_without_colours_a_number_is_a_bar() -> None:
    """A strip goes on below when a line is full."""
    (line,) = strip_lines(paint(coloured=False), EIGHTHS, 9)
    assert line.plain == " ▁▂▃▄▅▆▇█"
    assert [part.plain for part in strip_lines(paint(coloured=False), EIGHTHS, 4)] == [" ▁▂▃", "▄▅▆▇", "█"]


def test_with_colours_a_number_is_a_cell() -> None:
    """A strip that fits is one line of blanks on the backgrounds of the scale."""
    values = np.linspace(-1, 1, 11)
    (line,) = strip_lines(paint(coloured=True), values, 11)
    assert line.plain == " " * 11
    assert colours_of(line, lower=False) == [colour or None for colour in DIVERGING_BACKGROUNDS]


def test_two_rows_of_cells_are_one_line() -> None:
    """The upper halves are one row, the lower halves the next; a row that is short has paper at its end."""
    values = np.array([-1, 0, 1, 0, 1, 0, -1.0])
    first, last, *rest = strip_lines(paint(coloured=True), values, 3)
    low, high = DIVERGING_BACKGROUNDS[0], DIVERGING_BACKGROUNDS[-1]
    assert colours_of(first, lower=False) == [low, None, high]
    assert colours_of(first, lower=True) == [None, high, None]
    assert colours_of(last, lower=False) == [low]
    assert rest == []
    assert cells_per_line(paint(coloured=True), 7, 3) == 6
    assert cells_per_line(paint(coloured=False), 7, 3) == 3
    assert Color.parse(low) != Color.parse(high)


@pytest.mark.parametrize("width", [20, 80, 200])
def test_the_numbers_above_and_beside_a_strip_are_those_of_its_cells(width: int) -> None:
    """The ruler counts by eights, a line that goes on below has the number of its first cell."""
    file = io.StringIO()
    print_strips(console_of(file, width=width), ["a", "long label"], np.ones((2, 100)), OPENNESS)
    ruler, *lines, legend = file.getvalue().splitlines()
    assert legend == "0 ▁▂▃▄▅▆▇█ 1 openness"
    cells = {20: 8, 80: 64, 200: 64}[width]
    assert [int(n) for n in ruler.split()[1:]] == list(range(1, cells + 1, 8))
    starts = [int(re.findall(r"\d+", line)[0]) for line in lines]
    assert starts == 2 * list(range(1, 101, cells))
    assert max(map(len, lines)) <= max(width, 21)
    assert lines[0].index("█") == ruler.index("1")
    assert "long la…" not in lines[0]


def test_inputs_are_labels_on_one_line() -> None:
    """What does not print is visible, and nothing at all is the start."""
    assert input_labels([None, " ", "\n", "lead ᄀ", "\x1b"]) == ["start", "␣", "\\n", "lead ㄱ", "\\x1b"]
