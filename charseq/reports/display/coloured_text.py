"""A coloured text as a picture, for a file: lines of a fixed width on cells in the colours of a scale.

`page.heat_text` shows a text on a page, where a pointer can be used, and `heat.HeatMap` in a terminal.
"""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from charseq.arrays import FloatArray
from charseq.reports.display.grid import legend, ramp
from charseq.reports.display.heat import WIDTH as COLUMNS
from charseq.reports.display.heat import Scale
from charseq.reports.display.staff import Place, lines_of
from charseq.reports.display.visible import visible

MAX_CHARS, MAX_LINES = 5000, 150
"""The most characters and lines of a picture, which has the beginning of a longer text."""
CELL, LINE, BASE = 8.4, 20.0, 15.0
"""The width of a column, the height of a line, and where letters stand in it; they are 14 units high."""
MARGIN = 12.0
STRONG = {False: (7, 8, 9, 10), True: (0, 1, 9, 10)}
"""The steps of a sequential and a diverging scale on which letters have the other colour, as in page.css."""
FONTS = "DejaVu Sans Mono, Noto Sans Mono, Liberation Mono, Menlo, Consolas, monospace"


def coloured_text(name: str, text: str, values: FloatArray, scale: Scale) -> str:
    """Return an `<svg>` element with the text, its characters coloured by `values` (L,); nan has no colour.

    A combining mark shares the cell of the character before it, which has the value of the mark.
    """
    lines = lines_of(text[:MAX_CHARS], COLUMNS)[:MAX_LINES]
    steps = scale.steps(values).tolist()
    width = 2 * MARGIN + COLUMNS * CELL
    bottom = MARGIN + LINE * len(lines)
    name = " ".join(map(visible, name.split(" ")))
    height, title = bottom + 3 * LINE, escape(f"{name}: {scale.label} by character")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {width:g} {height:g}" '
        f'width="100%" font-size="14" role="img" aria-label="{title}">',
        f"<title>{title}</title>",
        f'<g font-family="{FONTS}">',
        *(part for number, line in enumerate(lines) for part in _line(line, number, steps, scale)),
        "</g>",
        '<g font-size="12">',
        *legend(scale, MARGIN, bottom + LINE),
        "</g>",
        "</svg>",
    ]
    return "\n".join(parts)


def _line(line: Sequence[Place], number: int, steps: Sequence[int], scale: Scale) -> Iterator[str]:
    """Yield a cell for each run of characters of one colour, and the characters on it."""
    colours, x, y = ramp(scale), MARGIN, MARGIN + LINE * number
    for step, run in groupby(line, key=lambda place: steps[place.at]):
        places = list(run)
        length = CELL * sum(place.width for place in places)
        yield f'<rect x="{x:.1f}" y="{y:g}" width="{length:.1f}" height="{LINE:g}" fill="{colours[step]}"/>'
        ink = "var(--on-strong)" if step in STRONG[scale.diverging] else "var(--on-weak)"
        yield from _letters(places, x, y + BASE, ink)
        x += length


def _letters(places: Sequence[Place], x: float, y: float, ink: str) -> Iterator[str]:
    """Yield texts: one for ASCII characters side by side, one for each other, which so has its cell.

    A text keeps its blanks by an attribute of its own: browsers do not take it from the group.
    """
    for is_plain, run in groupby(places, key=lambda place: _shown(place).isascii()):
        found = list(run)
        for part in [found] if is_plain else [[place] for place in found]:
            length, shown = CELL * sum(place.width for place in part), "".join(map(_shown, part))
            blanks = ' xml:space="preserve"' if " " in shown else ""
            where = f'x="{x:.1f}" y="{y:g}" textLength="{length:.1f}"'
            yield f'<text {where} fill="{ink}"{blanks}>{escape(shown)}</text>'
            x += length


def _shown(place: Place) -> str:
    return " " if place.shown == "␣" else place.shown
