"""The rows of `charseq sample --format`: a row for each new text, in the order of the indices."""

from operator import attrgetter
from typing import Any

from charseq.reports.column import field
from charseq.reports.report import Report


class SampleReport(Report):
    """Rows without a table, written as soon as a text and those before it are finished."""

    command, name, title, has_name = "sample", "sample", "Samples", False
    help = "`charseq sample --format tsv|csv|jsonl`. One row for each text."
    columns = (
        field("text", attrgetter("text"), "the new text, without the prompt"),
        field(
            "nats",
            attrgetter("nats"),
            "its surprisal in nats under the model, whatever the temperature, with that of what ended it",
        ),
        field("bits", attrgetter("bits"), "the same in bits"),
        field(
            "reason",
            attrgetter("reason"),
            "`length`, `stop` or `end`: its length, a string to stop at, or the end of its line or document",
        ),
        field("stop", attrgetter("stop"), "the string to stop at that ended it, else empty"),
        field("seed", attrgetter("seed"), "the seed; with it and the index the text is made again"),
        field("index", attrgetter("index"), "its number among the texts of the seed, from 0"),
        field(
            "log_weight",
            attrgetter("log_weight"),
            "the log of the share of the probability that constraints left on its way, 0 for texts that are "
            "drawn by their probability; see `charseq help steering`",
        ),
    )

    def items(self, result: Any) -> Any:
        """Return the result itself, an iterator."""
        return result
