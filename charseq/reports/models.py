"""The report on the models that are compared: their kinds and sizes, and all figures of a whole text."""

from operator import attrgetter
from typing import NamedTuple

from rich.table import Table

from charseq.analysis.comparison import ComparedModel, Comparison
from charseq.analysis.totals import Totals
from charseq.reports.column import Column
from charseq.reports.display.tables import facing_table
from charseq.reports.display.visible import printable
from charseq.reports.facing import FacingReport, names_of
from charseq.reports.totals import TOTALS


class ModelTotals(NamedTuple):
    """A model, and its totals on all texts."""

    model: ComparedModel
    totals: Totals


class ModelReport(FacingReport):
    """The figures of each model below each other."""

    name, title = "model", "Models"
    help = "`charseq compare`. One row for each model, with all figures of a text."
    columns = (
        Column("model", "", printable, attrgetter("model.name"), "its name"),
        Column("kind", "kind", printable, attrgetter("model.kind"), "a short description"),
        Column(
            "num_parameters",
            "parameters",
            ",",
            attrgetter("model.num_parameters"),
            "parameters, or n-grams counted",
        ),
        Column("num_file_bytes", "file (bytes)", ",", attrgetter("model.num_file_bytes"), "size of its file"),
        *(column.within(attrgetter("totals")) for column in TOTALS),
    )

    def items(self, result: Comparison) -> list[ModelTotals]:
        """Return each model with its totals."""
        return [ModelTotals(*pair) for pair in zip(result.models, result.totals, strict=True)]

    def part(self, result: Comparison, models: slice) -> Table:
        """Return a line for each figure and a column for each of some models."""
        return facing_table(self.columns, self.items(result)[models], names_of(result, models))
