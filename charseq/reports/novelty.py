"""The reports of `charseq data --against`: n-grams that the corpus lacks, and spans copied from it."""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from charseq.analysis.novelty import Comparison, CopiedSpan, NovelGrams
from charseq.reports.column import Column, field
from charseq.reports.display.tables import columns_table
from charseq.reports.display.visible import printable, visible
from charseq.reports.report import Report

SHOWN = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50)
"""The lengths of n-grams that a table shows; rows have all of them."""
SHOWN_CHARS = 32
"""The characters of a span that a table shows; rows have all of them."""


@dataclass(frozen=True, slots=True)
class SpanOf:
    """A copied span with the name of the text that has it."""

    name: str
    span: CopiedSpan

    @property
    def num_chars(self) -> int:
        """Its length in characters."""
        return len(self.span.text)


class NovelGramReport(Report):
    """For each n the share of n-grams that the corpus lacks."""

    command, name, title = "data", "novelty", "New n-grams"
    help = (
        "`charseq data --against SAMPLE`. One row for each n from 1 to 50: the share of n-grams that the "
        "training part of the corpus lacks."
    )
    columns = (
        Column("n", "n", "d", attrgetter("n"), "the length of the n-grams in characters"),
        Column("share", "sample", ".4f", attrgetter("share"), "share of those of the sample"),
        Column(
            "held_out_share",
            "held out",
            ".4f",
            attrgetter("held_out_share"),
            "share of those of the held-out part: what is natural",
        ),
    )

    def items(self, result: Comparison) -> list[NovelGrams]:
        """Return an item for each n."""
        return result.grams

    def table(self, result: Comparison) -> Table:
        """Return the lines of some lengths."""
        return columns_table(self.columns, [one for one in result.grams if one.n in SHOWN])

    def tables(self, result: Comparison) -> Iterator[RenderableType]:
        """Yield a sentence about what is compared, and the table."""
        sizes = f"{result.sample.num_chars:,} characters, {result.held_out.num_chars:,} held out"
        yield Text(
            f"{printable(result.sample.name)}: {sizes}, beside {result.num_chars:,} of the training part.\n"
            "Share of n-grams that the training part lacks:"
        )
        yield self.table(result)


class SpanReport(Report):
    """The longest copied spans of the sample, then those of the held-out part."""

    command, name, title = "data", "copied", "Copied spans"
    help = (
        "`charseq data --against SAMPLE`. One row for each of the longest spans that the training part has, "
        "too: first of the sample, then of the held-out part."
    )
    columns = (
        Column("text", "in", printable, attrgetter("name"), "the sample, or `held out`", left=True),
        Column("num_chars", "chars", ",", attrgetter("num_chars"), "length of the span in characters"),
        Column("offset", "at", ",", attrgetter("span.place"), "its place there, in characters from 0"),
        Column(
            "corpus_offset",
            "corpus at",
            ",",
            attrgetter("span.corpus_place"),
            "its first place in the training part, in characters from 0",
        ),
        field("span", attrgetter("span.text"), "the span"),
        Column(
            "",
            "copied span",
            lambda text: visible(text[:SHOWN_CHARS]) + ("…" if len(text) > SHOWN_CHARS else ""),
            attrgetter("span.text"),
            "",
            left=True,
        ),
    )

    def items(self, result: Comparison) -> list[Any]:
        """Return the spans of both texts."""
        return [SpanOf(one.name, span) for one in (result.sample, result.held_out) for span in one.spans]
