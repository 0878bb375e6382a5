"""The rows of `charseq compare --each line`: the model that finds each line likeliest."""

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from charseq.reports.column import Row, field
from charseq.reports.report import Report


class AttributionReport(Report):
    """Rows without a table, written as soon as they are known."""

    command, name, title, has_name = "compare --each", "each line", "Lines", False
    help = "`charseq compare --each line`. One row for each line, as soon as it is scored."
    columns = (
        field("margin", attrgetter("margin"), "bits that the next best model needs more"),
        field("model", attrgetter("model"), "the model that finds the line likeliest"),
        field("bits", attrgetter("bits"), "the bits of the line and its newline under that model"),
        field("label", attrgetter("label"), "what follows a tab in the line; null without one"),
        field(
            "correct",
            attrgetter("is_correct"),
            "whether the label names the model; null without one",
        ),
        field("offset", attrgetter("offset"), "the place of the line in the file, in characters from 0"),
        field("file", attrgetter("file"), "its file"),
        field("text", attrgetter("text"), "the line, up to its label"),
    )

    @property
    def heading(self) -> str:
        """The heading in the manual."""
        return "compare each line"

    def items(self, result: Any) -> Any:
        """Return the result itself, an iterator."""
        return result

    def rows(self, result: Any) -> Iterator[Row]:
        """Yield a row as soon as there is one more item."""
        return (self.row(item) for item in result)
