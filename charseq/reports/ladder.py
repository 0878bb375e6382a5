"""The report on the ladder of models: a line and a bar for each, the worst first."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import attrgetter

from rich.table import Table

from charseq.analysis.ladder import Rung
from charseq.reports.column import Column
from charseq.reports.display import page
from charseq.reports.display.bars import Bar, bar_chart
from charseq.reports.display.tables import plain_table
from charseq.reports.display.visible import printable
from charseq.reports.report import Report
from charseq.reports.totals import TOTALS

BEST, UNIT = "best possible", "bits per character"
BAR_WIDTH = 24
"""The cells of the longest bar in a terminal."""


def _figures() -> Iterator[Column]:
    """Yield the columns of the totals; people see the bits per character alone."""
    for column in TOTALS:
        label = "bits/char" if column.key == "bits_per_char" else ""
        if column.key:
            yield replace(column.within(attrgetter("totals")), label=label)


class LadderReport(Report):
    """A table with a line for each model, and the same as a chart."""

    command, name, title, has_name = "compare --ladder", "ladder", "From worst to best", False
    help = "`charseq compare --ladder`. One row for each model and baseline, the worst first."
    columns = (
        Column("model", "model", printable, attrgetter("model"), "the model or baseline", left=True),
        Column(
            "kind", "kind", "", attrgetter("kind"), "a short description, `counted` for a baseline", left=True
        ),
        Column(
            "num_parameters",
            "parameters",
            ",",
            attrgetter("num_parameters"),
            "parameters, or n-grams counted",
        ),
        *_figures(),
    )

    def items(self, result: Sequence[Rung]) -> Sequence[Rung]:
        """Return the models."""
        return result

    def table(self, result: Sequence[Rung]) -> Table:
        """Return a line with a bar for each model, and one for the best possible if that is known."""
        return self._lines(result, BAR_WIDTH)

    def _lines(self, result: Sequence[Rung], bar_width: int) -> Table:
        table, most = plain_table(), max(value for _, value in _bars(result))
        shown = [column for column in self.columns if column.label]
        for column in shown:
            table.add_column(column.label, justify="left" if column.left else "right", overflow="fold")
        table.add_column("")
        for rung in result:
            length = Bar(rung.totals.score.bits_per_char, most, bar_width)
            table.add_row(*(column.cell(rung) for column in shown), length)
        for name, value in _bars(result)[len(result) :]:
            table.add_row(name, "", "", f"{value:.4f}", Bar(value, most, bar_width))
        return table

    def sections(self, result: Sequence[Rung]) -> list[str]:
        """Return the chart, and the numbers below it."""
        chart = bar_chart([(printable(name), value) for name, value in _bars(result)], label=UNIT)
        return [page.section(self.title, page.wide(chart), page.table(self._lines(result, bar_width=0)))]


def _bars(result: Sequence[Rung]) -> list[tuple[str, float]]:
    """Return the name and the bits per character of each model, at the end those of the best possible."""
    bars = [(rung.model, rung.totals.score.bits_per_char) for rung in result]
    optimum = result[0].totals.optimum_bits_per_char
    return bars if optimum is None else [*bars, (BEST, optimum)]
