"""A report: the results of a command as rows for programs, tables for people, and sections of a page."""

from abc import ABC
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, NamedTuple

from rich.console import Console, RenderableType
from rich.table import Table

from charseq.analysis.evaluation import Analysis
from charseq.reports.column import Column, Row, row_of
from charseq.reports.display import page
from charseq.reports.display.tables import columns_table


class Report(ABC):
    """The contract of an entry of REPORTS: a new report is a class with columns, and one registration.

    The `result` of a method is the object that the command computes, such as an Evaluation.
    """

    command: ClassVar[str]
    """The command that writes it."""
    name: ClassVar[str]
    """The name that --report takes, and that its rows have in the field `report`."""
    title: ClassVar[str]
    """The heading on a page."""
    help: ClassVar[str]
    """Sentences for the manual: the command and option for this report, and the meaning of a row."""
    has_name: ClassVar[bool] = True
    """True if its rows begin with a field `report`."""
    columns: ClassVar[tuple[Column, ...]]

    @property
    def heading(self) -> str:
        """The heading in the manual."""
        return self.name

    def analysis(self) -> Analysis | None:
        """Return the analysis that finds the items, if --report adds it to an evaluation; else None."""
        return None

    def items(self, result: Any) -> Sequence[Any]:
        """Return the items of a result, one for each row."""
        added: Sequence[Any] = result.added.get(self.name, ())
        return added

    def fields(self) -> list[tuple[str, str]]:
        """Return the fields of a row in their order, each with its meaning."""
        own = [(column.key, column.help) for column in self.columns if column.key]
        return [("report", f"`{self.name}`"), *own] if self.has_name else own

    def row(self, item: Any) -> Row:
        """Return the row of an item."""
        fields = row_of(self.columns, item)
        return {"report": self.name, **fields} if self.has_name else fields

    def rows(self, result: Any) -> Iterator[Row]:
        """Yield a row for each item, with unrounded numbers."""
        return map(self.row, self.items(result))

    def table(self, result: Any) -> Table:
        """Return the items as a table."""
        return columns_table(self.columns, self.items(result))

    def tables(self, result: Any) -> Iterator[RenderableType]:
        """Yield the parts that a terminal shows."""
        yield self.table(result)

    def show(self, console: Console, result: Any) -> None:
        """Print the report for people, with an empty line between its parts."""
        for number, table in enumerate(self.tables(result)):
            if number:
                console.print()
            console.print(table)

    def sections(self, result: Any) -> list[str]:
        """Return the report as sections of a page."""
        return [page.section(self.title, page.table(self.table(result)))]

    def pictures(self, result: Any) -> list[str]:
        """Return the pictures that are written as files: by default the charts in the sections."""
        return page.charts_in(self.sections(result))


class Part(NamedTuple):
    """A part of a page: a report, and the result that it shows."""

    report: Report
    result: Any

    def sections(self) -> list[str]:
        """Return the part as sections of the page."""
        return self.report.sections(self.result)
