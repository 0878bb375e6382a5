"""The report of a comparison on classes of characters: which model is best on letters, digits, spaces."""

from operator import attrgetter
from typing import NamedTuple

from rich.table import Table

from charseq.analysis.comparison import Comparison
from charseq.reports.column import field
from charseq.reports.display.tables import filled_table
from charseq.reports.facing import FacingReport, names_of
from charseq.reports.scores import SCORES
from charseq.scoring import Score


class ModelOnClass(NamedTuple):
    """The score of a model on the characters of one class; `is_best` if no model needs fewer bits."""

    group: str
    model: str
    score: Score
    is_best: bool


class ComparedClassReport(FacingReport):
    """The bits per character of each class under each model."""

    name, title = "class", "Bits per character of each class of characters"
    help = "`charseq compare`. One row for each class and model."
    columns = (
        field("group", attrgetter("group"), "the class of characters"),
        field("model", attrgetter("model"), "the model"),
        *(column.within(attrgetter("score")) for column in SCORES),
        field("best", attrgetter("is_best"), "true if no model needs fewer bits"),
    )

    @property
    def heading(self) -> str:
        """The heading in the manual, where another report has the same name."""
        return "class, of a comparison"

    def items(self, result: Comparison) -> list[ModelOnClass]:
        """Return the models on each class, the most frequent class first."""
        return [
            ModelOnClass(found.name, name, score, score.nats == found.lowest)
            for found in result.classes
            for name, score in zip(names_of(result), found.scores, strict=True)
        ]

    def part(self, result: Comparison, models: slice) -> Table:
        """Return a line for each class and a column for each of some models."""
        names, lines = names_of(result), []
        for found in result.classes:
            best = [
                name for name, score in zip(names, found.scores, strict=True) if score.nats == found.lowest
            ]
            figures = [f"{score.bits_per_char:.4f}" for score in found.scores[models]]
            winner = best[0] if len(best) == 1 else "equal"
            lines.append([found.name, winner, f"{found.scores[0].num_chars:,}", *figures])
        headers = ["class", "best", "characters", *names[models]]
        return filled_table(headers, lines, num_text_columns=2)
