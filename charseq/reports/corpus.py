"""The reports of `charseq data`: the facts of a corpus, remarks on it, and suggested settings."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import NamedTuple

from rich.table import Table

from charseq.analysis.corpus_advice import Suggestion, suggestions
from charseq.analysis.corpus_facts import CorpusFacts
from charseq.reports.column import Column, any_given, field
from charseq.reports.display.tables import facts_table
from charseq.reports.display.visible import printable, visible
from charseq.reports.report import Report

SHOWN_CHARS = 100
"""The most characters of an alphabet that a table shows; rows have all of them."""


class Remark(NamedTuple):
    """A remark on a file of a corpus."""

    text: str


def _shown(chars: str) -> str:
    """Return some characters in a form that a terminal can show."""
    more = f" and {len(chars) - SHOWN_CHARS:,} more" if len(chars) > SHOWN_CHARS else ""
    return f"{len(chars):,}: {visible(chars[:SHOWN_CHARS])}{more}" if chars else "none"


def _longest(facts: CorpusFacts) -> str:
    return f"{facts.lines.longest:,} characters, line {facts.lines.longest_number:,}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _it(facts: CorpusFacts) -> CorpusFacts:
    return facts


def _fact(key: str, label: str, path: str, help: str, style: str | Callable[..., str] = ",") -> Column:
    return Column(key, label, style, attrgetter(path), help)


class CorpusReport(Report):
    """The facts of a corpus, one below the other."""

    command, name, title = "data", "corpus", "The corpus"
    help = "`charseq data`. One row with the facts of the corpus."
    columns = (
        field("task", attrgetter("task"), "a line of a task in a few words; null for other texts"),
        field("sources", lambda facts: list(facts.corpus.sources), "the files and directories"),
        Column("", "sources", printable, lambda facts: ", ".join(facts.corpus.sources), ""),
        Column(
            "",
            "lines are",
            lambda task: task or "",
            attrgetter("task"),
            "",
            shown=any_given(attrgetter("task")),
        ),
        Column(
            "optimum_bits_per_char",
            "best possible (bits per character)",
            ".4f",
            attrgetter("optimum"),
            "of a task: the fewest bits per character that any model needs, with the settings of the task",
            shown=any_given(attrgetter("optimum")),
        ),
        Column(
            "num_files", "files", ",", lambda facts: len(facts.corpus.encoded.file_ends), "number of files"
        ),
        _fact("num_bytes", "bytes", "corpus.num_bytes", "size in bytes, marks left out"),
        _fact("num_chars", "characters", "num_chars", "size in characters"),
        _fact("sha256", "SHA-256", "corpus.sha256", "checksum of the bytes", ""),
        _fact("alphabet", "different characters", "alphabet", "all characters, frequent ones first", _shown),
        _fact("rare_chars", "rare characters", "rare", "those that occur fewer than five times", _shown),
        _fact("line_ends", "line ends", "line_ends", "`LF`, `CR LF`, `CR`, `mixed` or `none`", ""),
        _fact("num_lines", "lines", "lines.number", "number of lines"),
        _fact("num_empty_lines", "empty lines", "lines.num_empty", "number of empty lines"),
        _fact(
            "num_duplicate_lines",
            "duplicate lines",
            "lines.num_duplicates",
            "lines that occurred before, empty ones left out, in the first 67,108,864 characters",
        ),
        Column("", "longest line", _longest, _it, ""),
        field("longest_line", attrgetter("lines.longest"), "length of the longest line in characters"),
        field("longest_line_number", attrgetter("lines.longest_number"), "its number, from 1"),
        _fact("is_sorted", "sorted lines", "lines.is_sorted", "whether the lines are sorted", _yes),
    )

    def items(self, result: CorpusFacts) -> list[CorpusFacts]:
        """Return the facts."""
        return [result]

    def table(self, result: CorpusFacts) -> Table:
        """Return a line for each fact."""
        shown = [column for column in self.columns if column.label and column.shown([result])]
        return facts_table([(column.label, f"{column.cell(result)}") for column in shown])


class RemarkReport(Report):
    """Remarks on the files: byte order marks, bad bytes with their places, line ends."""

    command, name, title = "data", "remark", "Remarks"
    help = (
        "`charseq data`. One row for each remark: byte order marks, bad bytes with places, line ends, files."
    )
    columns = (Column("text", "remarks", printable, attrgetter("text"), "the sentence", left=True),)

    def items(self, result: CorpusFacts) -> Sequence[Remark]:
        """Return the remarks."""
        return [Remark(text) for text in result.remarks]


class AdviceReport(Report):
    """Suggested settings, each with its reason."""

    command, name, title = "data", "advice", "Suggestions"
    help = "`charseq data`. One row for each suggested setting."
    columns = (
        field("setting", attrgetter("setting"), "the setting"),
        field("value", attrgetter("value"), "its value"),
        Column("option", "suggested", "", attrgetter("option"), "the option of `charseq train`", left=True),
        Column("reason", "because", "", attrgetter("reason"), "the reason", left=True),
    )

    def items(self, result: CorpusFacts) -> list[Suggestion]:
        """Return the suggestions."""
        return list(suggestions(result))
