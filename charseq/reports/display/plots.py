"""Line plots for the terminal: series as plain text without colours, on axes with ticks and units.

`charts.py` draws the same series for a page; both get their axes from `axes.py`.
"""

from collections.abc import Sequence
from itertools import cycle, pairwise

import numpy as np
from rich.cells import cell_len

from charseq.reports.display.axes import Axis, Series, cut, make_axis, shown, stride, thinned

MARKERS = "●○▲△■□◆◇abcdefghijklmnopqrstuvwxyz"
"""The markers of the series, in turn."""
MIN_WIDTH, MIN_ROWS = 30, 5
"""The fewest columns of a plot, and the fewest rows for its points."""
LINES_AROUND = 4
"""The number of lines besides the rows and the legend: both labels, the x axis, and its tick labels."""
LEGEND_GAP = "   "


def line_plot(
    series: Sequence[Series],
    *,
    x_label: str,
    y_label: str,
    log_x: bool = False,
    log_y: bool = False,
    width: int = 80,
    height: int = 20,
) -> str:
    """Draw lines through the points of each series, a later series over an earlier one.

    Lines of text have at most `width` columns. There are `height` lines with the legend, or more if fewer
    than MIN_ROWS would be left for the points. Points that an axis cannot show are left out; the line
    connects the others. The labels should name the units. The text does not end in a newline.
    """
    kept = [shown(one, log_x=log_x, log_y=log_y) for one in series]
    width = max(MIN_WIDTH, width)
    legend = _legend([one.name for one in kept], width)
    num_rows = max(MIN_ROWS, height - LINES_AROUND - len(legend))
    y_values = [y for one in kept for y in one.y]
    y_axis = make_axis(y_values, label=y_label, log=log_y, max_ticks=min(8, max(5, (num_rows + 1) // 2)))
    margin = max(len(tick.label) for tick in y_axis.ticks) + 1
    num_columns = width - margin - 1
    x_values = [x for one in kept for x in one.x]
    x_axis = make_axis(x_values, label=x_label, log=log_x, max_ticks=min(8, max(5, num_columns // 8)))
    canvas = [[" "] * num_columns for _ in range(num_rows)]
    for marker, one in zip(cycle(MARKERS), kept, strict=False):
        points = thinned(one, x_axis)
        columns = _cells(x_axis, points.x, num_columns)
        rows = _cells(y_axis, points.y, num_rows)
        _draw_(canvas, list(zip(columns, rows, strict=True)), marker)
    lines = [cut(y_axis.label, width), *_rows(canvas, y_axis, margin), *_foot(x_axis, margin, num_columns)]
    return "\n".join(line.rstrip() for line in lines + legend)


def _cells(axis: Axis, values: Sequence[float], num_cells: int) -> list[int]:
    cells: list[int] = np.rint(axis.positions(values) * (num_cells - 1)).astype(np.int64).tolist()
    return cells


def _draw_(canvas: list[list[str]], points: Sequence[tuple[int, int]], marker: str) -> None:
    """Put a marker into each cell (column, row) of `canvas` on the lines between points, in place."""
    for column, row in points:
        canvas[row][column] = marker
    for (column, row), (next_column, next_row) in pairwise(points):
        num_steps = max(abs(next_column - column), abs(next_row - row))
        for step in range(1, num_steps):
            share = step / num_steps
            between = round(row + share * (next_row - row))
            canvas[between][round(column + share * (next_column - column))] = marker


def _rows(canvas: Sequence[Sequence[str]], axis: Axis, margin: int) -> list[str]:
    """Return the lines of the canvas, the highest row first, with the y axis at their left."""
    places = _cells(axis, [tick.value for tick in axis.ticks], len(canvas))
    labels = dict(zip(places, (tick.label for tick in axis.ticks), strict=True))
    rows = enumerate(canvas)
    lines = [
        f"{labels.get(row, ''):>{margin - 1}} {'┤' if row in labels else '│'}{''.join(cells)}"
        for row, cells in rows
    ]
    return lines[::-1]


def _foot(axis: Axis, margin: int, num_columns: int) -> list[str]:
    """Return the x axis, as many tick labels as fit, and the label of the axis."""
    width = margin + 1 + num_columns
    places = _cells(axis, [tick.value for tick in axis.ticks], num_columns)
    line = "".join("┬" if column in places else "─" for column in range(num_columns))
    lengths = [len(tick.label) for tick in axis.ticks]
    centres = [margin + 1 + place for place in places]
    starts = [
        min(max(0, centre - length // 2), width - length)
        for centre, length in zip(centres, lengths, strict=True)
    ]
    step, labels = stride(starts, lengths, gap=2), ""
    for start, tick in list(zip(starts, axis.ticks, strict=True))[::step]:
        labels = labels.ljust(start) + tick.label
    label = cut(axis.label, num_columns)
    indent = margin + 1 + (num_columns - cell_len(label)) // 2
    return [" " * margin + "└" + line, labels, " " * indent + label]


def _legend(names: Sequence[str], width: int) -> list[str]:
    """Return each marker with the name of its series, side by side if they fit."""
    lines: list[str] = []
    for marker, name in zip(cycle(MARKERS), names, strict=False):
        entry = f"{marker} {cut(name, width - 2)}"
        if lines and cell_len(lines[-1] + LEGEND_GAP + entry) <= width:
            lines[-1] += LEGEND_GAP + entry
        else:
            lines.append(entry)
    return lines
