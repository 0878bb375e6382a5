"""The report on confusions: how often a model answers with one target where another one is right."""

from operator import attrgetter
from typing import NamedTuple

from rich.table import Table

from charseq.analysis.evaluation import Evaluation
from charseq.reports.column import field
from charseq.reports.display.tables import filled_table
from charseq.reports.display.visible import visible
from charseq.reports.report import Report

OTHER = "other"
"""The header of answers that are no target."""


class Confusion(NamedTuple):
    """The number of lines with the target `target` and the likeliest answer `answer`."""

    target: str
    answer: str
    num_lines: int
    share: float


class ConfusionReport(Report):
    """A line for each target, a column for each answer; empty where there are many different targets."""

    command, name, title = "evaluate", "confusions", "Targets, and the answers of the model to them"
    help = (
        "`charseq evaluate`, for a model with `target_after` and at most 24 different targets. One row for "
        "each pair of a target and an answer."
    )
    columns = (
        field("target", attrgetter("target"), "the target"),
        field("answer", attrgetter("answer"), "the likeliest answer, character by character"),
        field("num_lines", attrgetter("num_lines"), "number of lines with both"),
        field("share", attrgetter("share"), "share of the lines with this target, in [0, 1]"),
    )

    def items(self, result: Evaluation) -> list[Confusion]:
        """Return the pairs, sorted by target, the most frequent answer first."""
        counts = result.totals.targets if result.texts else None
        pairs = dict(counts.confusions or {}) if counts else {}
        totals = dict[str, int]()
        for (target, _), num in pairs.items():
            totals[target] = totals.get(target, 0) + num
        found = [
            Confusion(target, answer, num, num / totals[target]) for (target, answer), num in pairs.items()
        ]
        return sorted(found, key=lambda one: (one.target, -one.num_lines, one.answer))

    def table(self, result: Evaluation) -> Table:
        """Return the matrix of confusions; answers that are no target share a column."""
        items = self.items(result)
        names = list(dict.fromkeys(one.target for one in items))
        answers = [*names, *([OTHER] if any(one.answer not in names for one in items) else [])]
        counts = dict.fromkeys([(target, answer) for target in names for answer in answers], 0)
        for one in items:
            counts[one.target, one.answer if one.answer in names else OTHER] += one.num_lines
        lines = [
            [visible(target), *(f"{counts[target, answer] or '':}" for answer in answers)] for target in names
        ]
        headers = ["target", *(answer if answer == OTHER else f"{visible(answer)}" for answer in answers)]
        return filled_table(headers, lines, num_text_columns=1)
