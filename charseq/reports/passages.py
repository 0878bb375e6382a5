"""The report on the passages on which the models differ most."""

from operator import attrgetter
from typing import NamedTuple

from rich.table import Table

from charseq.analysis.comparison import Comparison
from charseq.analysis.passages import PASSAGE_CHARS, Passage
from charseq.reports.column import field
from charseq.reports.display.tables import filled_table
from charseq.reports.display.visible import visible
from charseq.reports.facing import FacingReport, names_of
from charseq.scoring import bits


class ModelOnPassage(NamedTuple):
    """The surprisal of a passage under one model."""

    passage: Passage
    model: str
    nats: float

    @property
    def bits(self) -> float:
        """The surprisal in bits."""
        return bits(self.nats)

    @property
    def num_chars(self) -> int:
        """The length of the passage."""
        return len(self.passage.text)


class PassageReport(FacingReport):
    """The bits of each passage under each model."""

    name = "passage"
    title = f"Passages of {PASSAGE_CHARS} characters on which the models differ most, with the bits of each"
    help = "`charseq compare`. One row for each passage and model."
    columns = (
        field("file", attrgetter("passage.file"), "its file"),
        field("offset", attrgetter("passage.offset"), "its place in the file, in characters from 0"),
        field("text", attrgetter("passage.text"), "the passage"),
        field("model", attrgetter("model"), "the model"),
        field("num_chars", attrgetter("num_chars"), "length of the passage in characters"),
        field("nats", attrgetter("nats"), "sum of the surprisal in nats"),
        field("bits", attrgetter("bits"), "sum of the surprisal in bits"),
        field("bits_per_char", lambda item: item.bits / item.num_chars, "mean surprisal in bits"),
    )

    def items(self, result: Comparison) -> list[ModelOnPassage]:
        """Return the surprisal of each passage under each model."""
        return [
            ModelOnPassage(passage, name, nats)
            for passage in result.passages
            for name, nats in zip(names_of(result), passage.nats, strict=True)
        ]

    def part(self, result: Comparison, models: slice) -> Table:
        """Return a line for each passage and a column for each of some models."""
        lines = [
            [
                visible(passage.text),
                passage.file,
                f"{passage.offset:,}",
                *(f"{bits(nats):.1f}" for nats in passage.nats[models]),
            ]
            for passage in result.passages
        ]
        headers = ["passage", "file", "offset (characters)", *names_of(result, models)]
        return filled_table(headers, lines, num_text_columns=2)
