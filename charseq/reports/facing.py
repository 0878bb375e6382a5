"""Tables of a comparison: a column for each model, in a terminal at most ABREAST of them side by side."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from charseq.analysis.comparison import Comparison
from charseq.reports.display import page
from charseq.reports.report import Report

ABREAST = 3
"""The most models side by side in a terminal."""


class ComparisonReport(Report):
    """A report of a comparison, below its heading; many models need several tables."""

    command = "compare"

    def tables(self, result: Comparison) -> Iterator[RenderableType]:
        """Yield each table below the heading."""
        for table in self.abreast(result, ABREAST):
            yield Group(Text(self.title, style="bold"), table)

    def sections(self, result: Comparison) -> list[str]:
        """Return one table with all models."""
        found = self.abreast(result, len(result.models))
        return [page.section(self.title, page.table(table)) for table in found]

    @abstractmethod
    def abreast(self, result: Comparison, num: int) -> Iterator[Table]:
        """Yield tables with at most `num` models in each."""


class FacingReport(ComparisonReport):
    """A report with a column for each model."""

    def abreast(self, result: Comparison, num: int) -> Iterator[Table]:
        """Yield tables with at most `num` models in each."""
        for begin in range(0, len(result.models), num):
            yield self.part(result, slice(begin, begin + num))

    @abstractmethod
    def part(self, result: Comparison, models: slice) -> Table:
        """Return the table of some of the models."""

    def cells(self, key: str, items: Sequence[Any]) -> list[str]:
        """Return the cells of one column."""
        column = next(column for column in self.columns if column.key == key)
        return [f"{column.cell(item)}" for item in items]


def names_of(result: Comparison, models: slice = slice(None)) -> list[str]:
    """Return the names of some of the models."""
    return [model.name for model in result.models[models]]
