"""Vectors in the terminal as strips of coloured cells, one for each number, or bars without colours.

A strip of more cells than fit side by side goes on below. Where there are colours, a line of text then has
two rows of cells: the upper and the lower half of each place.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby

from rich.cells import set_cell_size
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.text import Text

from charseq.arrays import FloatArray
from charseq.reports.display.axes import cut
from charseq.reports.display.heat import Paint, Scale, bar, width_of
from charseq.reports.display.visible import standing, visible

NARROW, WIDE = 32, 64
"""The cells side by side in a narrow terminal and in one of 80 columns."""
RULER_STEP = 8
"""The cells between the numbers above a strip."""


def strip_lines(paint: Paint, values: FloatArray, width: int) -> list[Text]:
    """Return the strip of `values` (H,) as lines with `width` cells side by side."""
    places = paint.scale.places(values).tolist()
    rows = [places[begin : begin + width] for begin in range(0, len(places), width)]
    if not paint.coloured:
        return [Text("".join(map(bar, row))) for row in rows]
    if len(rows) == 1:
        return [_cells(paint, rows[0])]
    pairs = zip(rows[::2], [*rows[1::2], []], strict=False)
    return [_halves(paint, upper, lower) for upper, lower in pairs]


def cells_per_line(paint: Paint, num_cells: int, width: int) -> int:
    """Return how many cells a line of a strip has: two rows of them where there are several."""
    return width * (2 if paint.coloured and num_cells > width else 1)


def print_strips(
    console: Console, labels: Sequence[str], values: FloatArray, scale: Scale, *, numbers_of: str = "neuron"
) -> None:
    """Print a strip for each of `values` (L, H) beside its label, below a ruler, and the legend at the end.

    `numbers_of` says what the cells are, which are counted from 1.
    """
    paint, num_cells = Paint(console, scale), values.shape[1]
    room = width_of(console)
    width = WIDE if room >= WIDE + 16 else NARROW if room >= NARROW + 16 else max(RULER_STEP, room - 16)
    per_line = cells_per_line(paint, num_cells, width)
    margin = max(8, len(numbers_of) + 1)
    numbers = "".join(f"{k + 1:<{RULER_STEP}}" for k in range(0, min(width, num_cells), RULER_STEP))
    _print(console, Text(f"{numbers_of:<{margin}}{'':5}{numbers.rstrip()}"))
    for label, row in zip(labels, values, strict=True):
        for k, cells in enumerate(strip_lines(paint, row, width)):
            name = _padded(label if k == 0 else "", margin)
            first = f"{1 + k * per_line:>4} " if num_cells > width else " " * 5
            _print(console, Text.assemble(name, first, cells))
    _print(console, paint.legend())


def _padded(label: str, width: int) -> str:
    """Return a label in exactly `width` columns."""
    return set_cell_size(cut(label, width - 1), width)


def _cells(paint: Paint, places: Sequence[float]) -> Text:
    text = Text()
    for background, run in groupby(places, key=paint.background):
        text.append(" " * len(list(run)), Style(bgcolor=background or None))
    return text


def _halves(paint: Paint, upper: Sequence[float], lower: Sequence[float]) -> Text:
    """Return two rows of cells as one line; the lower one may be shorter."""
    text = Text()
    below = [*map(paint.background, lower), *[""] * (len(upper) - len(lower))]
    for (above, beneath), run in groupby(zip(map(paint.background, upper), below, strict=True)):
        text.append(_half(above, beneath) * len(list(run)), _half_style(above, beneath))
    return text


def _half(above: str, beneath: str) -> str:
    return "▀" if above else "▄" if beneath else " "


def _half_style(above: str, beneath: str) -> Style:
    if above:
        return Style(color=Color.parse(above), bgcolor=beneath or None)
    return Style(color=Color.parse(beneath)) if beneath else Style()


def input_labels(inputs: Iterable[str | None]) -> list[str]:
    """Return the names of inputs as labels; an input of nothing is the start."""
    return ["start" if one is None else visible(one) if len(one) == 1 else standing(one) for one in inputs]


def _print(console: Console, line: Text) -> None:
    console.print(line, soft_wrap=True)
