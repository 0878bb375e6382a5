"""The report on whole texts: a row for each text and model."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import attrgetter

from rich.table import Table

from charseq.analysis.evaluation import Evaluation, TextTotals
from charseq.reports.column import Column, several
from charseq.reports.display import page
from charseq.reports.display.tables import columns_table, facing_table
from charseq.reports.display.visible import printable
from charseq.reports.report import Report
from charseq.reports.totals import TOTALS, error_style

FIGURES = tuple(column.within(attrgetter("totals")) for column in TOTALS)


class TextReport(Report):
    """All figures of one model on one text in a column; for several, a line each with the main figures."""

    command, name, title = "evaluate", "text", "Figures"
    help = "`charseq evaluate`. One row for each text and model; for several texts, `total` comes last."
    columns = (
        Column(
            "model",
            "model",
            printable,
            attrgetter("model"),
            "the model or baseline",
            "model",
            left=True,
            shown=several(attrgetter("model")),
        ),
        Column(
            "text",
            "text",
            printable,
            attrgetter("text"),
            "the file, `standard input`, `test part`, or `total`",
            "text",
            left=True,
        ),
        *FIGURES,
    )

    def items(self, result: Evaluation) -> list[TextTotals]:
        """Return the totals of each text and model."""
        return result.texts

    def table(self, result: Evaluation) -> Table:
        """Return the figures in one column, or in one line for each text and model."""
        return self._whole(result.texts) if len(result.texts) == 1 else self._beside(result.texts)

    def sections(self, result: Evaluation) -> list[str]:
        """Return all figures of the model on all texts, and for several texts or models the main figures."""
        model = [one for one in result.texts if one.model == result.texts[0].model][-1]
        sections = [page.section(self.title, page.table(self._whole([model])))]
        if len(result.texts) > 1:
            sections.append(page.section("Beside each other", page.table(self._beside(result.texts))))
        return sections

    def _whole(self, items: Sequence[TextTotals]) -> Table:
        return facing_table(FIGURES, items, [one.text for one in items])

    def _beside(self, items: Sequence[TextTotals]) -> Table:
        return columns_table(list(self._short(items)), items, short=True)

    def _short(self, items: Sequence[TextTotals]) -> Iterator[Column]:
        """Yield the columns with a short header and values; without the text if only the models differ."""
        one_text = len({one.text for one in items}) == 1 and len({one.model for one in items}) > 1
        for column in self.columns:
            if column.key == "text" and one_text:
                continue
            if column.short and any(column.value(item) for item in items):
                narrow = column.key == "bits_per_char_error"
                yield replace(column, style=error_style("short")) if narrow else column
