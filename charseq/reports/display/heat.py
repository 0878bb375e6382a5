"""Text in the terminal, coloured by a number for each character, or with bars below it without colours.

Lines are wrapped here, by display width, and each is printed when it is full, so that a text of any length
needs only the memory of one line.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import numpy as np
from rich.cells import cell_len
from rich.color import Color
from rich.console import Console
from rich.text import Text

from charseq.arrays import FloatArray, TokenArray
from charseq.reports.display.visible import SPARKS, visible_char

NUM_STEPS = 11
"""The number of colours of a scale on a page and in its legend."""
WIDTH = 80
"""Columns of a line if the output is not a terminal."""
MAX_MARKS = 8
"""The most characters of zero width that may share the cell of another character."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A scale for numbers: its ends and its label, the unit. Numbers beyond an end are moved to it.

    A `diverging` scale has two colours, which fade towards its middle.
    """

    low: float
    high: float
    label: str
    diverging: bool = False

    def places(self, values: Sequence[float] | FloatArray) -> FloatArray:
        """Return the places of `values` (L,), from 0 at the low end to 1 at the high end; nan is 0."""
        numbers = np.asarray(values, np.float64)
        numbers = np.clip(np.where(np.isnan(numbers), self.low, numbers), self.low, self.high)
        places: FloatArray = (numbers - self.low) / (self.high - self.low)
        return places

    def steps(self, values: Sequence[float] | FloatArray) -> TokenArray:
        """Return for each of `values` (L,) the index of the nearest of the NUM_STEPS colours."""
        steps: TokenArray = np.rint(self.places(values) * (NUM_STEPS - 1)).astype(np.int32)
        return steps


SURPRISAL = Scale(0, 10, "bits")
ACTIVATION = Scale(-1, 1, "activation", diverging=True)
OPENNESS = Scale(0, 1, "openness")

# The backgrounds from the low end to the high end; "" is the terminal's own. It may be black or white, and
# this is unknown here: the others begin halfway between the two, and become lighter and more vivid.
BACKGROUNDS = (
    *("", "", "#675444", "#7d583c", "#905c36", "#a36132"),
    *("#b6652e", "#c9692b", "#db6d2a", "#ee7129", "#ff7420"),
)
DIVERGING_BACKGROUNDS = (
    *("#2b97ee", "#3986ce", "#4075ad", "#43648a", "#485463", ""),
    *("#624c4a", "#8c4d49", "#b04f4a", "#d2504d", "#f4514f"),
)

# The same for a terminal with 256 colours. The colours nearest to those above would not have a visible order;
# these become lighter from step to step.
FEW_BACKGROUNDS = ("", *(f"color({number})" for number in (58, 94, 130, 166, 202, 208, 214)))
FEW_DIVERGING_BACKGROUNDS = (
    *(f"color({number})" for number in (39, 33, 26, 25, 24)),
    "",
    *(f"color({number})" for number in (95, 131, 167, 203, 210)),
)
RAMPS = {
    "truecolor": (BACKGROUNDS, DIVERGING_BACKGROUNDS),
    "256": (FEW_BACKGROUNDS, FEW_DIVERGING_BACKGROUNDS),
}
"""The backgrounds for each color system of rich; a terminal with fewer colours gets bars."""


def width_of(console: Console) -> int:
    """Return the columns of a terminal, and WIDTH for a file or a pipe."""
    return console.width if console.is_terminal else WIDTH


class Paint:
    """The backgrounds that `console` has for the places on a scale; bars if it is not `coloured`."""

    def __init__(self, console: Console, scale: Scale) -> None:
        ramps = RAMPS.get(console.color_system or "")
        self.scale, self.coloured = scale, ramps is not None and not console.no_color
        self._backgrounds = ramps[scale.diverging] if ramps else ("",)

    def background(self, place: float) -> str:
        """Return the background at a place, "" for that of the terminal."""
        return self._backgrounds[round(place * (len(self._backgrounds) - 1))]

    def legend(self) -> Text:
        """Return the scale with its ends, and its label."""
        scale = self.scale
        if not self.coloured:
            return Text(f"{scale.low:g} {SPARKS} {scale.high:g} {scale.label}")
        ramp = Text()
        for place in np.linspace(0, 1, NUM_STEPS):
            ramp.append("  ", style_on(self.background(place)))
        return Text.assemble(f"{scale.low:g} ", ramp, f" {scale.high:g} {scale.label}")


class HeatMap:
    """A text on a `console` with a background, or a bar below, that shows the value of each character.

    A newline is shown as ⏎, an unprintable character as its escape. A combining mark shares the cell of the
    character before it, which shows the higher of the two values.
    """

    def __init__(self, console: Console, scale: Scale) -> None:
        self._console, self._scale = console, scale
        self._width = width_of(console)
        self._paint = Paint(console, scale)
        self._coloured = self._paint.coloured
        self._line: list[_Cell] = []
        self._room = self._width

    def write(self, text: str, values: Sequence[float] | FloatArray) -> None:
        """Add a piece of text, with a value for each of its characters; print each line that is full."""
        for char, place in zip(text, self._scale.places(values).tolist(), strict=True):
            self._add(char, place)

    def finish(self, *, legend: bool = True) -> None:
        """Print the last line and the legend."""
        if self._line:
            self._print_line()
        if legend:
            self._print(self._paint.legend())

    def _add(self, char: str, place: float) -> None:
        shown = self._shown(char)
        width = cell_len(shown)
        if width == 0:
            if self._line and len(self._line[-1].shown) <= MAX_MARKS:
                base = self._line.pop()
                self._line.append(_Cell(base.shown + shown, base.width, max(base.place, place)))
                return
            shown, width = f"◌{shown}", 1
        if width > self._room and self._line:
            self._print_line()
        self._line.append(_Cell(shown, width, place))
        self._room -= width
        if char == "\n":
            self._print_line()

    def _shown(self, char: str) -> str:
        if char == "\n":
            return "⏎"
        return char if char == " " and self._coloured else visible_char(char)

    def _print_line(self) -> None:
        if self._coloured:
            self._print(self._on_backgrounds(self._line))
        else:
            self._print(Text("".join(cell.shown for cell in self._line)))
            self._print(Text("".join(bar(cell.place) * cell.width for cell in self._line).rstrip()))
        self._line, self._room = [], self._width

    def _on_backgrounds(self, cells: Iterable["_Cell"]) -> Text:
        text = Text()
        for background, run in groupby(cells, key=lambda cell: self._paint.background(cell.place)):
            text.append("".join(cell.shown for cell in run), style_on(background))
        return text

    def _print(self, line: Text) -> None:
        self._console.print(line, soft_wrap=True)


class _Cell(NamedTuple):
    """A character as it is shown, in `width` columns; `place` is the place of its value on the scale."""

    shown: str
    width: int
    place: float


def style_on(background: str) -> str:
    """Return the rich style for text on a background: black or white text, for the higher contrast."""
    if not background:
        return ""
    shares, parts = (0.2126, 0.7152, 0.0722), Color.parse(background).get_truecolor().normalized
    luminance = sum(share * part**2.2 for share, part in zip(shares, parts, strict=True))
    return f"{'#000000' if luminance > 0.18 else '#ffffff'} on {background}"  # 0.18: contrast 4.6 with both


def bar(place: float) -> str:
    """Return a bar of `place` times the height of a cell, in eighths; a blank for less than one eighth."""
    return f" {SPARKS}"[int(place * len(SPARKS))]
