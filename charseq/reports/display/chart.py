"""A line chart for any place: drawn with characters in a terminal, and as SVG on a page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from charseq.reports.display import page
from charseq.reports.display.axes import Series
from charseq.reports.display.charts import line_chart
from charseq.reports.display.heat import WIDTH
from charseq.reports.display.plots import line_plot


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines through the points of each series; the labels name quantities and units.

    Rich prints it as wide as the terminal. Pipes and files get WIDTH columns.
    """

    series: Sequence[Series]
    x_label: str
    y_label: str
    log_x: bool = False
    log_y: bool = False

    def __rich_console__(self, console: Console, _: object) -> Iterator[Text]:
        """Yield the chart for a terminal."""
        yield line_plot(
            self.series,
            x_label=self.x_label,
            y_label=self.y_label,
            log_x=self.log_x,
            log_y=self.log_y,
            width=console.width if console.is_terminal else WIDTH,
        )

    def html(self) -> str:
        """Return the chart for a page."""
        svg = line_chart(
            self.series, x_label=self.x_label, y_label=self.y_label, log_x=self.log_x, log_y=self.log_y
        )
        return page.wide(svg)
