"""The report of `charseq data` on the built-in corpora."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from charseq.reports.column import Column, field
from charseq.reports.report import Report
from charseq.text.builtin import Listed


def _about(listed: Listed) -> str:
    return listed.about if listed.default is None else f"{listed.about} ({listed.default} if it is left out)"


class BuiltinReport(Report):
    """The corpora that need no file, one in a line."""

    command, name, title = "data", "builtin", "Built-in corpora"
    help = "`charseq data` without a corpus. One row for each built-in corpus."
    columns = (
        Column(
            "name", "corpus", "", attrgetter("name"), "its name; the part in capitals is a number", left=True
        ),
        field("about", attrgetter("about"), "its text in a few words"),
        Column("", "text", "", _about, "", left=True),
        Column(
            "options",
            "options",
            ", ".join,
            lambda listed: list(listed.options),
            "its options with their defaults, which follow the name after commas",
            left=True,
        ),
        field("low", attrgetter("low"), "the smallest number in the name; null without one"),
        field("high", attrgetter("high"), "the largest number in the name"),
        field("default", attrgetter("default"), "the number if it is left out; null if it has to be given"),
    )

    def items(self, result: Any) -> Sequence[Listed]:
        """Return the corpora."""
        listed: Sequence[Listed] = result
        return listed
