"""Line charts for a page: series as one inline SVG element, with ticks, units and grid lines.

The page that contains the chart defines its colours, as the custom properties --series-0 to --series-7,
--axis, --grid and --label. Each series also has its own marker and dash pattern. `plots.py` draws the same
series in a terminal, and `axes.py` makes the axes of both.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeAlias

from rich.cells import cell_len

from charseq.reports.display.axes import Axis, Series, cut, exact, make_axis, shown, stride, thinned

Place: TypeAlias = tuple[float, float]
"""A point in the view box: its distances from the left and from the upper edge."""

NUM_COLOURS = 8
SHAPES = (
    "m-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z",
    "m-2.5 -2.5h5v5h-5z",
    "m0 -3.5l3.5 6h-7z",
    "m0 -4l4 4l-4 4l-4 -4z",
    "m0 3.5l3.5 -6h-7z",
    "m-4 0h8m-4 -4v8",
    "m-3 -3l6 6m0 -6l-6 6",
    "m-4 0h8m-6 -3.5l4 7m0 -7l-4 7",
)
"""Markers, as path data that begin at their centre."""
DASHES = ("none", "7 3", "2 3", "9 3 2 3")
MARKER_GAP = 25.0
"""The smallest horizontal distance between the markers of a line with more than FEW_POINTS points."""
FEW_POINTS = 20

WIDTH, PLOT_HEIGHT = 460.0, 220.0
"""The width of a chart and the height of its plot in units of the view box; letters are 12 units high."""
CHAR_WIDTH = 7.0
"""An estimate of the width of a character, since the size of texts in an SVG is unknown."""
LINE_HEIGHT = 18.0
TOP, LEGEND_TOP = 1.75 * LINE_HEIGHT, 3 * LINE_HEIGHT
"""The distances from the upper edge to the plot, and from the plot to the legend."""
SAMPLE, GAP = 30.0, 8.0
"""The length of a sample line in the legend, and the space around it."""
MAX_COLUMNS = int((WIDTH - SAMPLE - 3 * GAP) // CHAR_WIDTH)
"""The most columns of text in a label or a name."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The rectangle of a plot in the view box, and the axes at its edges."""

    x_axis: Axis
    y_axis: Axis
    left: float
    right: float
    top: float = TOP
    bottom: float = TOP + PLOT_HEIGHT

    def across(self, values: Sequence[float]) -> list[float]:
        """Return the distances of x values from the left edge."""
        places: list[float] = (self.left + (self.right - self.left) * self.x_axis.positions(values)).tolist()
        return places

    def down(self, values: Sequence[float]) -> list[float]:
        """Return the distances of y values from the upper edge."""
        places: list[float] = (
            self.bottom - (self.bottom - self.top) * self.y_axis.positions(values)
        ).tolist()
        return places


def line_chart(
    series: Sequence[Series], *, x_label: str, y_label: str, log_x: bool = False, log_y: bool = False
) -> str:
    """Return an `<svg>` element with a line through the points of each series.

    Points that an axis cannot show are left out, and the line connects the others. If there are many points,
    only some are drawn, including the lowest and the highest of each interval of the x axis. Pointing at a
    point shows its exact values. Colours repeat after NUM_COLOURS series, but with other markers. The labels
    should name the units.
    """
    kept = [shown(one, log_x=log_x, log_y=log_y) for one in series]
    x_axis = make_axis([x for one in kept for x in one.x], label=x_label, log=log_x)
    y_axis = make_axis([y for one in kept for y in one.y], label=y_label, log=log_y)
    frame = _frame(x_axis, y_axis)
    names = ", ".join(one.name for one in kept)
    legend, height = _legend(kept, frame.bottom + LEGEND_TOP)
    title = escape(f"{y_axis.label} by {x_axis.label}: {names}")
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {WIDTH:g} {height:g}" '
        f'width="100%" font-size="12" role="img" aria-label="{title}">',
        f"<title>{title}</title>",
        *_axes(frame),
        *(part for number, one in enumerate(kept) for part in _line(frame, one, number)),
        *legend,
        "</svg>",
    ]
    return "\n".join(lines)


def _frame(x_axis: Axis, y_axis: Axis) -> Frame:
    """Return a frame with space for the labels at its left and at the ends of the x axis."""
    y_length = CHAR_WIDTH * max(len(tick.label) for tick in y_axis.ticks)
    first, last = (CHAR_WIDTH * len(x_axis.ticks[k].label) / 2 for k in (0, -1))
    return Frame(x_axis, y_axis, left=max(y_length + 2 * GAP, first), right=WIDTH - max(2 * GAP, last))


def _axes(frame: Frame) -> Iterator[str]:
    """Yield the grid, the two axes, the labels of their ticks, and their own labels."""
    left, right, top, bottom = frame.left, frame.right, frame.top, frame.bottom
    columns = frame.across([tick.value for tick in frame.x_axis.ticks])
    rows = frame.down([tick.value for tick in frame.y_axis.ticks])
    grid = [f"M{x:.1f} {top:.1f}V{bottom:.1f}" for x in columns]
    grid += [f"M{left:.1f} {y:.1f}H{right:.1f}" for y in rows]
    edges = [f"M{left:.1f} {top:.1f}V{bottom:.1f}H{right:.1f}"]
    edges += [f"M{x:.1f} {bottom:.1f}v5" for x in columns] + [f"M{left:.1f} {y:.1f}h-5" for y in rows]
    yield f'<path d="{"".join(grid)}" fill="none" stroke="var(--grid)"/>'
    yield f'<path d="{"".join(edges)}" fill="none" stroke="var(--axis, currentColor)"/>'
    lengths = [CHAR_WIDTH * len(tick.label) for tick in frame.x_axis.ticks]
    starts = [x - length / 2 for x, length in zip(columns, lengths, strict=True)]
    step = stride(starts, lengths, gap=2 * CHAR_WIDTH)
    for x, tick in list(zip(columns, frame.x_axis.ticks, strict=True))[::step]:
        yield _text(x, bottom + LINE_HEIGHT, tick.label, "middle")
    for y, tick in zip(rows, frame.y_axis.ticks, strict=True):
        yield _text(left - GAP, y + 4, tick.label, "end")
    label = cut(frame.x_axis.label, int((right - left) // CHAR_WIDTH))
    yield _text((left + right) / 2, bottom + 2 * LINE_HEIGHT, label, "middle")
    yield _text(GAP, top - LINE_HEIGHT + 4, frame.y_axis.label, "start")


def _line(frame: Frame, series: Series, number: int) -> Iterator[str]:
    """Yield a line with its markers, and a transparent disc for each point that shows its values."""
    some = thinned(series, frame.x_axis)
    places = list(zip(frame.across(some.x), frame.down(some.y), strict=True))
    yield from _stroke(places, _marked(places), series, number)
    yield '<g fill="transparent">'
    for (x, y), exact_x, exact_y in zip(places, map(exact, some.x), map(exact, some.y), strict=True):
        title = escape(f"{series.name}: {exact_y} at {exact_x}")
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5"><title>{title}</title></circle>'
    yield "</g>"


def _marked(places: Sequence[Place]) -> Sequence[Place]:
    """Return the points that get a marker: all, or only those far enough from the previous marker."""
    if len(places) <= FEW_POINTS:
        return places
    marked = [places[0]]
    for place in places:
        if abs(place[0] - marked[-1][0]) >= MARKER_GAP:
            marked.append(place)
    return marked


def _legend(series: Sequence[Series], top: float) -> tuple[list[str], float]:
    """Return a sample of each line with its name, side by side if they fit, and the legend's lower end."""
    parts: list[str] = []
    x, y = GAP, top
    for number, one in enumerate(series):
        length = SAMPLE + GAP + CHAR_WIDTH * min(cell_len(one.name), MAX_COLUMNS)
        if x + length > WIDTH:
            x, y = GAP, y + LINE_HEIGHT
        parts += _stroke([(x, y), (x + SAMPLE, y)], [(x + SAMPLE / 2, y)], one, number)
        parts.append(_text(x + SAMPLE + GAP, y + 4, one.name, "start"))
        x += length + 2 * GAP
    return parts, y + LINE_HEIGHT


def _stroke(line: Sequence[Place], marked: Sequence[Place], series: Series, number: int) -> Iterator[str]:
    """Yield a line and markers in the colour, the dash pattern and the shape of a series, by its `number`."""
    colour = (number if series.colour is None else series.colour) % NUM_COLOURS
    dashes = DASHES[(number if series.dash is None else series.dash) % len(DASHES)]
    shape = SHAPES[(number + number // NUM_COLOURS) % len(SHAPES)]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in line)
    markers = "".join(f"M{x:.1f} {y:.1f}{shape}" for x, y in marked)
    yield f'<g color="var(--series-{colour}, currentColor)" stroke="currentColor" stroke-width="1.5">'
    yield f'<polyline points="{points}" fill="none" stroke-linejoin="round" stroke-dasharray="{dashes}"/>'
    yield f'<path d="{markers}" fill="currentColor"/>'
    yield "</g>"


def _text(x: float, y: float, text: str, anchor: str) -> str:
    """Return a text, cut if it is too long, that begins, is centred or ends at the point (x, y)."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="var(--label, currentColor)"'
    return f"<text {place}>{escape(cut(text, MAX_COLUMNS))}</text>"
