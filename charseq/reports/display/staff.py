"""A text in the terminal with rows of coloured cells below each of its lines, like the staff of a score.

Each row belongs to a quantity and has a cell below each character, or a bar without colours.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.style import Style
from rich.text import Text

from charseq.arrays import FloatArray
from charseq.reports.display.heat import MAX_MARKS, Paint, Scale, bar, width_of
from charseq.reports.display.visible import visible_char

MARGIN = 16
"""The columns for the names of the rows."""


class Row(NamedTuple):
    """A quantity: its name, a number for each character of the text (L,), and their scale."""

    name: str
    values: FloatArray
    scale: Scale


class Place(NamedTuple):
    """A character with its combining marks, shown in `width` columns; `at` is the offset of the last mark."""

    shown: str
    width: int
    at: int


def print_staff(console: Console, text: str, rows: Sequence[Row]) -> None:
    """Print the text line by line with the `rows` below each line, and a legend for each scale.

    A combining mark shares the cell of the character before it, which shows the numbers after the mark.
    """
    paints = {row.scale: Paint(console, row.scale) for row in rows}
    for line in lines_of(text, max(8, width_of(console) - MARGIN)):
        _print(console, Text(" " * MARGIN + "".join(place.shown for place in line)))
        for row in rows:
            paint, places = paints[row.scale], row.scale.places(row.values[[p.at for p in line]]).tolist()
            cells = _cells(paint, [p.width for p in line], places)
            _print(console, Text.assemble(f"{row.name:<{MARGIN}}", cells))
        console.print()
    for paint in paints.values():
        _print(console, paint.legend())


def _cells(paint: Paint, widths: Sequence[int], places: Sequence[float]) -> Text:
    pairs = list(zip(widths, places, strict=True))
    if not paint.coloured:
        return Text("".join(bar(place) * width for width, place in pairs))
    text = Text()
    for background, run in groupby(pairs, key=lambda pair: paint.background(pair[1])):
        text.append(" " * sum(width for width, _ in run), Style(bgcolor=background or None))
    return text


def lines_of(text: str, width: int) -> list[list[Place]]:
    """Return the characters of each line, wrapped at `width` columns."""
    lines, room = [list[Place]()], width
    for index, char in enumerate(text):
        shown = "⏎" if char == "\n" else visible_char(char)
        columns = cell_len(shown)
        if columns == 0 and lines[-1] and len(lines[-1][-1].shown) <= MAX_MARKS:
            before = lines[-1].pop()
            lines[-1].append(Place(before.shown + shown, before.width, index))
            continue
        if columns == 0:
            shown, columns = f"◌{shown}", 1
        if columns > room and lines[-1]:
            lines.append([])
            room = width
        lines[-1].append(Place(shown, columns, index))
        room -= columns
        if char == "\n":
            lines.append([])
            room = width
    return [line for line in lines if line]


def _print(console: Console, line: Text) -> None:
    console.print(line, soft_wrap=True)
