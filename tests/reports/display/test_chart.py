"""Charts for any place: as wide as a terminal, in its colours or without, and as SVG on a page."""

import io

import pytest
from rich.console import Console

from charseq.reports.display.axes import Series
from charseq.reports.display.chart import Chart
from charseq.reports.display.charts import line_chart

SERIES = [Series("a", [0, 100], [1, 100]), Series("b", [0, 100], [100, 1])]
CHART = Chart(SERIES, x_label="steps", y_label="loss", log_y=True)


def printed(console: Console) -> str:
    console.print(CHART)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("width", [60, 80, 132])
def test_a_chart_is_as_wide_as_the_terminal(width: int) -> None:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, no_color=True)
    assert max(map(len, printed(console).splitlines())) == width


def test_a_chart_in_a_file_has_80_columns() -> None:
    """However wide the lines of other results are there."""
    assert max(map(len, printed(Console(file=io.StringIO(), width=10_000)).splitlines())) == 80


@pytest.mark.parametrize(("no_color", "coloured"), [(False, True), (True, False)])
def test_colours_are_for_terminals_that_have_them(no_color: bool, coloured: bool) -> None:
    console = Console(
        file=io.StringIO(), width=80, force_terminal=True, color_system="256", no_color=no_color
    )
    assert ("\x1b[38;5;" in printed(console)) == coloured


def test_a_page_has_the_same_lines() -> None:
    assert line_chart(SERIES, x_label="steps", y_label="loss", log_y=True) in CHART.html()
