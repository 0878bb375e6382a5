"""The rows of `charseq sample --each line`: a row for each line, in the order of the lines."""

from operator import attrgetter
from typing import Any

from charseq.reports.column import field
from charseq.reports.report import Report


class ContinuationReport(Report):
    """Rows without a table, written in batches as soon as they are made."""

    command, name, title, has_name = "sample", "each line", "Continuations", False
    help = "`charseq sample --each line`. One row for each line of the file, in the same order."
    columns = (
        field("prompt", attrgetter("prompt"), "the line, up to its separator"),
        field("text", attrgetter("text"), "the text that continues it, without the newline at its end"),
        field("probability", attrgetter("probability"), "the probability of `text` and the newline"),
        field("bits", attrgetter("bits"), "their surprisal in bits"),
    )

    @property
    def heading(self) -> str:
        """The heading in the manual."""
        return "sample each line"

    def items(self, result: Any) -> Any:
        """Return the result itself, an iterator."""
        return result
