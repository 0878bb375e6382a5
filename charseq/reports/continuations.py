"""The rows of texts that continue lines, and of those that are searched."""

from operator import attrgetter
from typing import Any

from charseq.reports.column import field
from charseq.reports.report import Report


class ContinuationReport(Report):
    """Rows without a table, written in batches as soon as they are made."""

    command, name, title, has_name = "sample", "each line", "Continuations", False
    help = (
        "`charseq sample --each line`: one row for each line of the file, in the same order; `--top-texts` "
        "and `--beam`: one row for each text."
    )
    columns = (
        field("prompt", attrgetter("prompt"), "the prompt, or the line up to its separator"),
        field("text", attrgetter("text"), "the text that continues it, without the end of its line"),
        field("probability", attrgetter("probability"), "the probability of `text` and of what ends it"),
        field("bits", attrgetter("bits"), "their surprisal in bits"),
    )

    @property
    def heading(self) -> str:
        """The heading in the manual."""
        return "sample each line"

    def items(self, result: Any) -> Any:
        """Return the result itself, an iterator."""
        return result
