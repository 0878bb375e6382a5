"""A picture of a matrix for a page: a cell for each number, coloured by a scale, as one inline SVG element.

The page that contains it defines its colours, as --heat-0 to --heat-10 and --diverging-0 to --diverging-10.
`strips.py` shows the same in a terminal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from rich.cells import cell_len

from charseq.arrays import FloatArray
from charseq.reports.display.axes import cut
from charseq.reports.display.charts import CHAR_WIDTH, GAP, LINE_HEIGHT, WIDTH
from charseq.reports.display.heat import NUM_STEPS, Scale
from charseq.reports.display.visible import visible

ROW_HEIGHT, WIDEST_CELL = 14.0, 14.0
MAX_LABEL = 12
"""The most columns of a label."""
NUMBER_GAP = 36.0
"""The smallest distance between the numbers of columns."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Numbers (R, C) with a label for each row; columns are `numbers_of` something.

    The columns are counted from 1, unless `columns` has a label of one character or so for each.
    """

    name: str
    labels: Sequence[str]
    values: FloatArray
    scale: Scale
    numbers_of: str = "neuron"
    columns: Sequence[str] = ()


def grid_chart(grid: Grid) -> str:
    """Return an `<svg>` element with a row of cells for each label, below the numbers of the columns."""
    num_rows, num_columns = grid.values.shape
    labels = list(map(_visible, grid.labels))
    left = GAP + CHAR_WIDTH * max([len(grid.numbers_of), *map(cell_len, labels)]) + GAP
    cell = min(WIDEST_CELL, (WIDTH - left - GAP) / max(1, num_columns))
    top, bottom = 1.5 * LINE_HEIGHT, 1.5 * LINE_HEIGHT + ROW_HEIGHT * num_rows
    height = bottom + 2 * LINE_HEIGHT
    title = escape(f"{grid.name}: {grid.scale.label}")
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {WIDTH:g} {height:g}" '
        f'width="100%" font-size="12" role="img" aria-label="{title}">',
        f"<title>{title}</title>",
        _text(left - GAP, LINE_HEIGHT, grid.numbers_of, "end"),
        *(_text(left + (k + 0.5) * cell, LINE_HEIGHT, label, "middle") for k, label in _heads(grid, cell)),
        *(
            _text(left - GAP, top + (k + 0.5) * ROW_HEIGHT + 4, label, "end")
            for k, label in enumerate(labels)
        ),
        f'<g transform="translate({left:.1f} {top:.1f}) scale({cell:.3f} {ROW_HEIGHT:g})" '
        'shape-rendering="crispEdges" fill="none">',
        *_cells(grid),
        "</g>",
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{cell * num_columns:.1f}" height="{bottom - top:g}" '
        'fill="none" stroke="var(--axis, currentColor)"/>',
        *legend(grid.scale, left, bottom + 0.75 * LINE_HEIGHT),
        "</svg>",
    ]
    return "\n".join(lines)


def _heads(grid: Grid, cell: float) -> list[tuple[int, str]]:
    """Return columns with their labels, or as many numbers as fit, at distances that are easy to count."""
    if grid.columns:
        return [(k, cut(_visible(label), 2)) for k, label in enumerate(grid.columns)]
    step = next((k for k in (1, 2, 4, 8, 16, 32, 64, 128, 256) if k * cell >= NUMBER_GAP), 512)
    return [(k, f"{k + 1}") for k in range(0, grid.values.shape[1], step)]


def _visible(label: str) -> str:
    return cut(" ".join(map(visible, label.split(" "))), MAX_LABEL)


def _cells(grid: Grid) -> Iterator[str]:
    """Yield a path for each colour, with a line through all cells of this colour; a unit is one cell."""
    parts: list[list[str]] = [[] for _ in range(NUM_STEPS)]
    for row, values in enumerate(grid.values):
        column = 0
        for step, run in groupby(grid.scale.steps(values).tolist()):
            length = len(list(run))
            parts[step].append(f"M{column} {row}.5h{length}")
            column += length
    colours = ramp(grid.scale)
    for step, found in enumerate(parts):
        if found:
            yield f'<path d="{"".join(found)}" stroke="{colours[step]}"/>'


def legend(scale: Scale, left: float, top: float) -> Iterator[str]:
    """Yield the colours of the scale between its ends, and its label."""
    width, low, high = 10.0, f"{scale.low:g}", f"{scale.high:g}"
    begin = left + CHAR_WIDTH * len(low) + GAP
    yield _text(left, top + 10, low, "start")
    for step, colour in enumerate(ramp(scale)):
        x = begin + width * step
        yield f'<rect x="{x:.1f}" y="{top:g}" width="{width:g}" height="12" fill="{colour}"/>'
    end = begin + width * NUM_STEPS
    yield (
        f'<rect x="{begin:.1f}" y="{top:g}" width="{end - begin:g}" height="12" fill="none" '
        'stroke="var(--grid, currentColor)"/>'
    )
    yield _text(end + GAP, top + 10, f"{high} {scale.label}", "start")


def ramp(scale: Scale) -> list[str]:
    """Return the colours of a scale, from its low end on."""
    name = "diverging" if scale.diverging else "heat"
    return [f"var(--{name}-{step})" for step in range(NUM_STEPS)]


def _text(x: float, y: float, text: str, anchor: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="var(--label, currentColor)"'
    return f"<text {place}>{escape(text)}</text>"
