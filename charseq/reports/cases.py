"""The report on cases: the answer to each, and the verdict on it."""

from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter

from rich.text import Text

from charseq.analysis.cases import Answer
from charseq.analysis.evaluation import Evaluation
from charseq.reports.column import Column, field
from charseq.reports.prediction import ANSWER, PERPLEXITY, TOP
from charseq.reports.report import Report


def _verdict(passed: bool | None) -> Text:
    if passed is None:
        return Text("")
    return Text("pass") if passed else Text("MISS", style="bold red")


class CaseReport(Report):
    """A line for each case, with --steps also for each step before, and for the mean of several cases."""

    command, name, title = "evaluate", "case", "Cases"
    help = (
        "`charseq evaluate --cases FILE`. One row for each case; for several cases the last row, "
        "which has no prefix, has the means, and says whether all passed."
    )
    columns = (
        *ANSWER,
        replace(PERPLEXITY, key=""),
        TOP,
        field(PERPLEXITY.key, PERPLEXITY.value, PERPLEXITY.help),
        Column(
            "passed",
            "case",
            _verdict,
            attrgetter("passed"),
            "true, false, or null if nothing is expected",
            left=True,
        ),
    )

    def items(self, result: Evaluation) -> Sequence[Answer]:
        """Return the answers."""
        return result.cases
