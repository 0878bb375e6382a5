"""The report on the most surprising characters, each in its context, with the guesses made instead."""

from collections.abc import Sequence
from operator import attrgetter

from rich.text import Text

from charseq.analysis.evaluation import Evaluation
from charseq.analysis.hardest import HardChar
from charseq.reports.column import Column, field, several
from charseq.reports.display.visible import printable, visible
from charseq.reports.guesses import guess_rows, guesses_text
from charseq.reports.report import Report

CONTEXT = 10
"""Characters of context that are shown before and after."""


def context_text(hard: HardChar) -> Text:
    """Return a character in its context; the character is marked."""
    before, after = visible(hard.before[-CONTEXT:]), visible(hard.after[:CONTEXT])
    return Text.assemble(before, (f"[{visible(hard.char)}]", "bold red"), after)


class HardestReport(Report):
    """The most surprising characters."""

    command, name, title = "evaluate", "hardest", "Hardest characters"
    help = "`charseq evaluate --hardest K`. One row for each character, the most surprising one first."
    columns = (
        Column("bits", "bits", ".2f", attrgetter("bits"), "surprisal of the character in bits"),
        field("probability", attrgetter("probability"), "its probability"),
        Column(
            "rank",
            "rank",
            lambda rank: f"{rank}" if rank else "unseen",
            attrgetter("rank"),
            "its rank among the guesses, 1 for the first, 0 for an unseen character",
        ),
        Column("", "in its context", context_text, lambda hard: hard, "", left=True),
        field("char", attrgetter("char"), "the character"),
        field("before", attrgetter("before"), "up to 40 characters before it"),
        field("after", attrgetter("after"), "up to 20 characters after it"),
        Column(
            "file",
            "file",
            printable,
            attrgetter("file"),
            "its file",
            left=True,
            shown=several(attrgetter("file")),
        ),
        Column(
            "offset",
            "offset\n(chars)",
            ",",
            attrgetter("offset"),
            "its place in the file, in characters from 0",
        ),
        Column(
            "top",
            "likeliest, with p",
            guesses_text,
            lambda hard: guess_rows(hard.top),
            "the likeliest characters: a list of `{char, probability}`",
            left=True,
        ),
    )

    def items(self, result: Evaluation) -> Sequence[HardChar]:
        """Return the characters."""
        return result.hardest
