"""Plots in a terminal: whole pictures, widths that are obeyed, and lines that can be told apart."""

import math
import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from charseq.reports.display.axes import Series
from charseq.reports.display.plots import COLOURS, MARKERS, MIN_ROWS, MIN_WIDTH
from charseq.reports.display.plots import line_plot as coloured_plot


def line_plot(*series: Any, **options: Any) -> str:
    """Return a plot without its colours."""
    return coloured_plot(*series, **options).plain


SQUARES = Series("squares", [0, 1, 2, 3, 4, 5], [0, 1, 4, 9, 16, 25])

LINEAR = """\
area (square metres)
30 ┤
   │                            ●●
   │                           ●
20 ┤                        ●●●
   │                      ●●
   │                    ●●
10 ┤                 ●●●
   │              ●●●
   │          ●●●●
 0 ┤●●●●●●○○○○○○○○○○○○○○○○○○○○○○○○
   └┬───────────┬──────────┬───────────┬
    0           2          4           6
               side (metres)
● squares   ○ zero"""

LOGARITHMIC = """\
count
10,000 ┤●●●
       │   ●●●
 1,000 ┤      ●●●●●
       │           ●●●
   100 ┤              ●●●●
       │                  ●●●●
    10 ┤                      ●●●●
       │                          ●●●●
     1 ┤                              ●●
       └┬───────────────┬──────────────┬
        1              10            100
                      rank
● counts"""


def test_a_linear_plot_has_ticks_labels_and_joined_points() -> None:
    """Axes have ticks and labels with units, points are joined, and a later series covers an earlier one."""
    zero = Series("zero", [1, 5], [0, 0])
    assert (
        line_plot(
            [SQUARES, zero], x_label="side (metres)", y_label="area (square metres)", width=40, height=15
        )
        == LINEAR
    )


def test_on_logarithmic_axes_a_power_is_a_straight_line() -> None:
    """On logarithmic axes a power is a straight line, and what is not above zero is left out."""
    counts = Series("counts", [0, 1, 10, 100, 100], [5, 10_000, 100, 1, -1])
    assert (
        line_plot([counts], x_label="rank", y_label="count", log_x=True, log_y=True, width=40, height=14)
        == LOGARITHMIC
    )


def cells_of(plot: str) -> list[str]:
    """Return what is to the right of the y axis, the highest row first."""
    return [
        line[max(line.find("┤"), line.find("│")) + 1 :]
        for line in plot.splitlines()[1:]
        if set(line) & set("┤│")
    ]


def marked(plot: str, marker: str) -> list[tuple[int, int]]:
    """Return the (column, row from above) of each cell with a marker."""
    rows = enumerate(cells_of(plot))
    return [(column, row) for row, cells in rows for column, cell in enumerate(cells) if cell == marker]


# Any input

values = st.one_of(
    st.floats(), st.floats(-10, 10), st.integers(-3, 3).map(float), st.sampled_from([1e-300, 1e300, math.nan])
)
every_series = st.builds(
    lambda name, points: Series(name, [x for x, _ in points], [y for _, y in points]),
    st.text(max_size=60),
    st.lists(st.tuples(values, values), max_size=12),
)


@settings(deadline=None)
@given(
    series=st.lists(every_series, max_size=5),
    labels=st.tuples(st.text(max_size=90), st.text(max_size=90)),
    logs=st.tuples(st.booleans(), st.booleans()),
    width=st.integers(0, 100),
    height=st.integers(0, 30),
)
def test_plots_keep_to_their_size(
    series: list[Series], labels: tuple[str, str], logs: tuple[bool, bool], width: int, height: int
) -> None:
    """No line is wider than the plot may be; there are as many lines as asked for, or just enough."""
    plot = line_plot(
        series, x_label=labels[0], y_label=labels[1], log_x=logs[0], log_y=logs[1], width=width, height=height
    )
    lines = plot.split("\n")
    assert max(map(cell_len, lines)) <= max(width, MIN_WIDTH)
    assert all(line == line.rstrip(" ") for line in lines)
    assert all(line.isprintable() for line in lines)
    assert len(lines) == height or (len(lines) > height and len(cells_of(plot)) == MIN_ROWS)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_plots_use_their_width(width: int) -> None:
    """A line from end to end of the axis ends in the last column."""
    plot = line_plot([Series("a", [0, 1], [0, 1])], x_label="x", y_label="y", width=width)
    assert max(map(cell_len, plot.splitlines())) == width
    assert plot.splitlines()[1].endswith("●")


def test_a_plot_is_20_lines_of_at_most_80_columns_by_default() -> None:
    """A plot is 20 lines of at most 80 columns unless told otherwise."""
    lines = line_plot([SQUARES], x_label="x", y_label="y").splitlines()
    assert (len(lines), max(map(cell_len, lines))) == (20, 80)


@pytest.mark.parametrize(
    ("width", "height", "num_ticks"), [(40, 14, (4, 4)), (80, 20, (6, 6)), (80, 7, (6, 4))]
)
def test_larger_plots_have_more_ticks(width: int, height: int, num_ticks: tuple[int, int]) -> None:
    """How many ticks an axis has depends on the room there is."""
    plot = line_plot([SQUARES], x_label="x", y_label="y", width=width, height=height)
    assert (plot.count("┬"), plot.count("┤")) == num_ticks


# Series


@pytest.mark.parametrize("num_series", [1, 2, 8, 30])
def test_every_series_can_be_seen(num_series: int) -> None:
    """Each series has a marker of its own, in the plot and in the legend, in their order."""
    series = [Series(f"no. {k}", [0, 1], [k, k]) for k in range(num_series)]
    plot = line_plot(series, x_label="x", y_label="y", height=90)
    legend = " ".join(plot.splitlines()[-num_series:])
    rows = []
    for one, marker in zip(series, MARKERS, strict=False):
        assert f"{marker} {one.name}" in legend
        (row,) = {row for _, row in marked(plot, marker)}
        assert len(marked(plot, marker)) > 70
        rows.append(row)
    assert rows == sorted(rows, reverse=True)
    assert len(set(rows)) == num_series


def test_markers_can_be_told_apart() -> None:
    """No two markers are the same, and each takes one column."""
    assert len(set(MARKERS)) == len(MARKERS)
    assert {cell_len(marker) for marker in MARKERS} == {1}


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=6))
def test_a_line_has_no_gaps(points: list[tuple[float, float]]) -> None:
    """From each marked cell every other is reached by steps to neighbours, diagonal ones among them."""
    plot = line_plot([Series("a", *map(list, zip(*points, strict=True)))], x_label="x", y_label="y")
    unreached = set(marked(plot, "●"))
    reached = [unreached.pop()]
    while reached:
        column, row = reached.pop()
        near = {(c, r) for c, r in unreached if abs(c - column) <= 1 and abs(r - row) <= 1}
        unreached -= near
        reached += near
    assert not unreached


def test_a_steep_line_has_one_cell_in_each_row() -> None:
    """A line that rises faster than it runs is followed row by row."""
    plot = line_plot([Series("a", [0, 0.1, 1], [0, 7, 7])], x_label="x", y_label="y", width=40)
    steep = [cell for cell in marked(plot, "●") if cell[1] > 0]
    assert [row for _, row in steep] == list(range(1, 15))
    assert all(before >= after for (before, _), (after, _) in pairwise(steep))


def test_the_line_goes_on_without_points_that_have_no_place() -> None:
    """A point that is not a number leaves no gap."""
    with_nan = Series("a", [0, 1, 2], [0, math.nan, 2])
    plots = [
        line_plot([series], x_label="x", y_label="y") for series in (with_nan, Series("a", [0, 2], [0, 2]))
    ]
    assert plots[0] == plots[1]


def test_a_single_point_is_one_marker_in_the_middle() -> None:
    """A series of one point is one marker in the middle of its axes."""
    plot = line_plot([Series("a", [3], [-7])], x_label="x", y_label="y", width=43, height=12)
    assert cells_of(plot) == ["", "", "", " " * 18 + "●", "", "", ""]


def test_without_any_point_there_are_axes() -> None:
    """Without any point there are axes to see all the same."""
    plot = line_plot([], x_label="step", y_label="loss (bits)", height=10)
    assert not any(map(str.strip, cells_of(plot)))
    assert plot.splitlines()[0] == "loss (bits)"
    assert plot.splitlines()[-1].strip() == "step"
    assert plot == line_plot([], x_label="step", y_label="loss (bits)", height=10)


def test_very_many_points_do_not_hide_an_outlier() -> None:
    """Of very many points the extreme ones are drawn."""
    y = [0.0] * 300_000
    y[123_456] = 7.0
    plot = line_plot([Series("a", range(len(y)), y)], x_label="x", y_label="y")
    assert len({column for column, row in marked(plot, "●") if row == 0}) == 1


# Texts


def test_names_are_cut_to_fit() -> None:
    """A name that is too long ends in an ellipsis; the next begins a line where there is no room."""
    series = [
        Series("안" * 40, [], []),
        Series("b" * 20, [], []),
        Series("c" * 20, [], []),
        Series("d", [], []),
    ]
    lines = line_plot(series, x_label="x", y_label="y", width=40).splitlines()
    assert lines[-3:] == ["● " + "안" * 18 + "…", "○ " + "b" * 20, "▲ " + "c" * 20 + "   △ d"]


@pytest.mark.parametrize(("length", "num_lines"), [(17, 1), (18, 2)])
def test_names_are_side_by_side_where_they_fit(length: int, num_lines: int) -> None:
    """Names are on one line, with a gap between them, as long as it is no wider than the plot."""
    series = [Series("e" * 16, [], []), Series("f" * length, [], [])]
    lines = line_plot(series, x_label="x", y_label="y", width=40).splitlines()
    assert lines[-num_lines].startswith("● " + "e" * 16 + ("   ○ " if num_lines == 1 else ""))
    assert lines[-1].endswith("○ " + "f" * length)


def test_no_command_reaches_the_terminal() -> None:
    """Names and labels are harmless, whatever is in them."""
    plot = line_plot([Series("a b\x1b[2J\n", [1], [1])], x_label="x\r\x07", y_label="y\u202e")
    assert r"● a b\x1b[2J\n" in plot
    assert r"x\r\x07" in plot
    assert plot.startswith(r"y\u202e" + "\n")


def test_labels_that_would_touch_are_left_out() -> None:
    """Where numbers on the x axis are long, only some of the ticks are labelled, with room between."""
    plot = line_plot([Series("a", [1.7e9, 1.7e9 + 4], [0, 1])], x_label="x", y_label="y", width=60)
    axis, labels = plot.splitlines()[-4:-2]
    assert axis.count("┬") == 5
    assert labels.split() == ["1,700,000,000", "1,700,000,002", "1,700,000,004"]
    middle = labels.index("1,700,000,002") + len("1,700,000,002") // 2
    assert axis[middle] == "┬"


@settings(deadline=None)
@given(
    x=st.lists(st.one_of(st.floats(-1e300, 1e300), st.integers(0, 10**7).map(float)), min_size=1, max_size=3),
    log_x=st.booleans(),
    width=st.integers(30, 100),
)
def test_numbers_on_the_x_axis_stand_apart_and_in_order(x: list[float], log_x: bool, width: int) -> None:
    """Between two numbers on the x axis there are two blanks or more, and they are in order."""
    plot = line_plot([Series("a", x, x)], x_label="", y_label="", log_x=log_x, width=width)
    labels = re.split(" {2,}", plot.splitlines()[-3].strip())
    numbers = [float(label.replace(",", "")) for label in labels]
    assert numbers == sorted(set(numbers))


def test_lines_have_colours() -> None:
    """Each marker, in the picture and in the legend, is in the colour of its line."""
    series = [Series("a", [0, 1], [0, 0]), Series("b", [0, 1], [1, 1])]
    plot = coloured_plot(series, x_label="x", y_label="y", width=30)
    painted = {(plot.plain[span.start], span.style) for span in plot.spans if span.style}
    assert painted == {("●", COLOURS[0]), ("○", COLOURS[1])}
    num_markers = plot.plain.count("●") + plot.plain.count("○")
    assert sum(span.end - span.start for span in plot.spans if span.style) == num_markers > 50


def test_lines_that_belong_together_have_one_colour() -> None:
    series = [Series("a", [0, 1], [0, 0], colour=3), Series("b", [0, 1], [1, 1], colour=3)]
    plot = coloured_plot(series, x_label="x", y_label="y")
    assert {span.style for span in plot.spans if span.style} == {COLOURS[3]}
