"""Line plots for the terminal: series with a marker and a colour each, on axes with ticks and units.

`charts.py` draws the same series for a page; both get their axes from `axes.py`.
"""

from collections.abc import Sequence
from itertools import groupby, pairwise

import numpy as np
from rich.cells import cell_len
from rich.text import Text

from charseq.reports.display.axes import Axis, Series, cut, make_axis, shown, stride, thinned

MARKERS = "●○▲△■□◆◇abcdefghijklmnopqrstuvwxyz"
"""The markers of the series, in turn; they tell lines apart where there are no colours."""
COLOURS = tuple(f"color({number})" for number in (32, 166, 35, 133, 136, 37, 161, 99))
"""The colours of the series, in turn: neither light nor dark, since the background is unknown."""
MIN_WIDTH, MIN_ROWS = 30, 5
"""The fewest columns of a plot, and the fewest rows for its points."""
LINES_AROUND = 4
"""The number of lines besides the rows and the legend: both labels, the x axis, and its tick labels."""
LEGEND_GAP = "   "
NOTHING = -1
"""The number in a cell without a line."""


def line_plot(
    series: Sequence[Series],
    *,
    x_label: str,
    y_label: str,
    log_x: bool = False,
    log_y: bool = False,
    width: int = 80,
    height: int = 20,
) -> Text:
    """Draw lines through the points of each series, a later series over an earlier one.

    Lines of text have at most `width` columns. There are `height` lines with the legend, or more if fewer
    than MIN_ROWS would be left for the points. Points that an axis cannot show are left out; the line
    connects the others. The labels should name the units. The text does not end in a newline.
    """
    kept = [shown(one, log_x=log_x, log_y=log_y) for one in series]
    width = max(MIN_WIDTH, width)
    marks = [_mark(number, one) for number, one in enumerate(kept)]
    legend = _legend(kept, marks, width)
    num_rows = max(MIN_ROWS, height - LINES_AROUND - len(legend))
    y_values = [y for one in kept for y in one.y]
    y_axis = make_axis(y_values, label=y_label, log=log_y, max_ticks=min(8, max(5, (num_rows + 1) // 2)))
    margin = max(len(tick.label) for tick in y_axis.ticks) + 1
    num_columns = width - margin - 1
    x_values = [x for one in kept for x in one.x]
    x_axis = make_axis(x_values, label=x_label, log=log_x, max_ticks=min(8, max(5, num_columns // 8)))
    canvas = [[NOTHING] * num_columns for _ in range(num_rows)]
    for number, one in enumerate(kept):
        points = thinned(one, x_axis)
        columns = _cells(x_axis, points.x, num_columns)
        rows = _cells(y_axis, points.y, num_rows)
        _draw_(canvas, list(zip(columns, rows, strict=True)), number)
    lines = [Text(cut(y_axis.label, width)), *_rows(canvas, y_axis, margin, marks)]
    lines += [*map(Text, _foot(x_axis, margin, num_columns)), *legend]
    for line in lines:
        line.rstrip()
    return Text("\n", no_wrap=True, overflow="ignore").join(lines)


def _mark(number: int, series: Series) -> Text:
    """Return the marker of series `number` in its colour."""
    colour = number if series.colour is None else series.colour
    return Text(MARKERS[number % len(MARKERS)], COLOURS[colour % len(COLOURS)])


def _cells(axis: Axis, values: Sequence[float], num_cells: int) -> list[int]:
    cells: list[int] = np.rint(axis.positions(values) * (num_cells - 1)).astype(np.int64).tolist()
    return cells


def _draw_(canvas: list[list[int]], points: Sequence[tuple[int, int]], number: int) -> None:
    """Put the number of a series into each cell (column, row) of `canvas` on the lines between points."""
    for column, row in points:
        canvas[row][column] = number
    for (column, row), (next_column, next_row) in pairwise(points):
        num_steps = max(abs(next_column - column), abs(next_row - row))
        for step in range(1, num_steps):
            share = step / num_steps
            between = round(row + share * (next_row - row))
            canvas[between][round(column + share * (next_column - column))] = number


def _rows(canvas: Sequence[Sequence[int]], axis: Axis, margin: int, marks: Sequence[Text]) -> list[Text]:
    """Return the lines of the canvas, the highest row first, with the y axis at their left."""
    places = _cells(axis, [tick.value for tick in axis.ticks], len(canvas))
    labels = dict(zip(places, (tick.label for tick in axis.ticks), strict=True))
    lines = []
    for row, cells in enumerate(canvas):
        line = Text(f"{labels.get(row, ''):>{margin - 1}} {'┤' if row in labels else '│'}")
        for number, run in groupby(cells):
            mark = Text(" ") if number == NOTHING else marks[number]
            line.append(mark.plain * len(list(run)), mark.style)
        lines.append(line)
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


def _legend(series: Sequence[Series], marks: Sequence[Text], width: int) -> list[Text]:
    """Return each marker with the name of its series, side by side if they fit."""
    lines: list[Text] = []
    for mark, one in zip(marks, series, strict=True):
        entry = Text.assemble(mark, f" {cut(one.name, width - 2)}")
        if lines and lines[-1].cell_len + cell_len(LEGEND_GAP) + entry.cell_len <= width:
            lines[-1].append(LEGEND_GAP).append_text(entry)
        else:
            lines.append(entry)
    return lines
