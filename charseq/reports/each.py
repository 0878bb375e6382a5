"""The rows of `charseq evaluate --each`: a row for each character, word, line or file.

The first field is the one to sort by.
"""

from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import Any

from charseq.analysis.streaming import EACH_KINDS, Each, EachChar, EachSegment, EachWord
from charseq.reports.column import Row, field
from charseq.reports.report import Report
from charseq.scoring import bits


class EachReport(Report):
    """Rows without a table, written as soon as they are known."""

    command, title, has_name = "evaluate --each", "Each", False

    def items(self, result: Any) -> Any:
        """Return the result itself, an iterator."""
        return result

    def rows(self, result: Any) -> Iterator[Row]:
        """Yield a row as soon as there is one more item."""
        return (self.row(item) for item in result)


FORM = field(
    "normalization",
    attrgetter("normalization"),
    "the form in which the model reads texts, which the figures are about; null: as they are",
)


class EachCharReport(EachReport):
    """A row for each character."""

    name = "each char"
    help = "`charseq evaluate --each char`. One row for each character, as soon as it is scored."
    columns = (
        field("bits", attrgetter("bits"), "surprisal of the character in bits"),
        field("nats", attrgetter("nats"), "surprisal of the character in nats"),
        field("probability", attrgetter("probability"), "its probability"),
        field("rank", attrgetter("rank"), "its rank among the guesses, 0 for an unseen character"),
        field("entropy", attrgetter("entropy"), "entropy of the distribution before it, in bits"),
        field("char", attrgetter("char"), "the character"),
        field(
            "alternative",
            lambda each: None if each.alternative is None else each.alternative.char,
            "the likeliest other character",
        ),
        field(
            "alternative_probability",
            lambda each: None if each.alternative is None else each.alternative.probability,
            "the probability of `alternative`",
        ),
        field("offset", attrgetter("offset"), "its place in the file, in characters from 0"),
        field("file", attrgetter("file"), "its file"),
        FORM,
    )


MEANS = (
    field("bits_per_char", attrgetter("score.bits_per_char"), "mean surprisal in bits"),
    field("perplexity", attrgetter("score.perplexity"), "2^`bits_per_char`"),
)


class EachWordReport(EachReport):
    """A row for each word."""

    name = "each word"
    help = "`charseq evaluate --each word`. One row for each word, as soon as it is scored."
    columns = (
        *MEANS,
        field(
            "bits",
            lambda each: bits(each.score.nats),
            "surprisal in bits of the word and the white space after it, with which the word ends",
        ),
        field("nats", attrgetter("score.nats"), "the same in nats"),
        field("bits_without_blank", lambda each: bits(each.bare_nats), "`bits` without the white space"),
        field("entropy", attrgetter("entropy"), "entropy of the distribution before the word, in bits"),
        field("position", attrgetter("position"), "its number in the text, from 1"),
        field("num_chars", attrgetter("score.num_chars"), "number of characters, white space included"),
        field("num_unseen", attrgetter("score.num_unseen"), "characters that are not in the vocabulary"),
        field("offset", attrgetter("offset"), "its place in the text, in characters from 0"),
        field("file", attrgetter("file"), "its file"),
        field("text", attrgetter("text"), "the word, at most its first 4,096 characters"),
        FORM,
    )


class EachSegmentReport(EachReport):
    """A row for each line or file."""

    name = "each line, file"
    help = "`charseq evaluate --each line|file`. One row for each, as soon as it is scored."
    columns = (
        *MEANS,
        field(
            "excess_bits",
            lambda each: bits(each.excess_nats),
            "`bits` minus the bits that the model expected, the entropies before its characters or tokens",
        ),
        field("bits", lambda each: bits(each.score.nats), "sum of the surprisal in bits"),
        field("nats", attrgetter("score.nats"), "sum of the surprisal in nats"),
        field("num_chars", attrgetter("score.num_chars"), "number of characters"),
        field("num_unseen", attrgetter("score.num_unseen"), "characters that are not in the vocabulary"),
        field("offset", attrgetter("offset"), "its place in the file, in characters from 0"),
        field("file", attrgetter("file"), "its file"),
        field(
            "text",
            attrgetter("text"),
            "the first 4,096 characters without the space or newline at the end; null for a file",
        ),
        FORM,
    )


REPORT_ON: Mapping[type[Each], type[EachReport]] = {
    EachChar: EachCharReport,
    EachWord: EachWordReport,
    EachSegment: EachSegmentReport,
}


def each_report(kind: str) -> EachReport:
    """Return the report on each `kind`, a key of EACH_KINDS."""
    return REPORT_ON[EACH_KINDS[kind].part]()
