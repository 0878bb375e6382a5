"""The report of `charseq next`: the likeliest next characters of each prefix, and the rating of a target."""

from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

from rich.text import Text

from charseq.reports.column import Column, perplexity_style
from charseq.reports.display.visible import visible
from charseq.reports.guesses import guess_rows, guesses_text
from charseq.reports.report import Report


def with_targets(items: Sequence[Any]) -> bool:
    """Say whether any prefix has a target: its rating is then shown instead of the entropy."""
    return any(item.target is not None for item in items)


def without_targets(items: Sequence[Any]) -> bool:
    """Say whether no prefix has a target."""
    return not with_targets(items)


def _prefix(prefix: str | None) -> Text:
    return Text("all" if prefix is None else visible(prefix))


ANSWER = (
    Column("prefix", "prefix", _prefix, attrgetter("prefix"), "the prefix", left=True),
    Column(
        "target",
        "target",
        lambda target: visible(target or ""),
        attrgetter("target"),
        "the text that should follow, null if none was given",
        left=True,
        shown=with_targets,
    ),
    Column(
        "probability",
        "p",
        ".4f",
        attrgetter("probability"),
        "the probability of the target",
        shown=with_targets,
    ),
    Column(
        "rank",
        "rank",
        "",
        attrgetter("rank"),
        "the rank of the target, 1 for the likeliest, 0 for an unseen character, null for several",
        shown=with_targets,
    ),
    Column(
        "bits", "bits", ".3f", attrgetter("bits"), "the surprisal of the target in bits", shown=with_targets
    ),
    Column(
        "entropy",
        "entropy (bits)",
        ".3f",
        attrgetter("entropy"),
        "the entropy of the whole distribution in bits",
        shown=without_targets,
    ),
)
"""The columns of a prediction and of an answer to a case, up to the perplexity."""
PERPLEXITY = Column(
    "perplexity",
    "perplexity",
    perplexity_style(".3f"),
    attrgetter("perplexity"),
    "1 / p of the target, or 2^bits",
    shown=with_targets,
)
TOP = Column(
    "top",
    "likeliest next, with p",
    guesses_text,
    lambda prediction: guess_rows(prediction.top),
    "the likeliest characters: a list of `{char, probability}`",
    left=True,
)


class PredictionReport(Report):
    """A line for each prefix; the rating of targets is shown only if there are targets."""

    command, name, title, has_name = "next", "prediction", "Next characters", False
    help = "`charseq next`. One row for each prefix."
    columns = (*ANSWER, replace(PERPLEXITY, key=""), TOP)

    @property
    def heading(self) -> str:
        """The heading in the manual."""
        return "next"

    def items(self, result: Any) -> Any:
        """Return the result itself; if it is an iterator of predictions, rows come one by one."""
        return result
