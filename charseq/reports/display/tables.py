"""Tables for people: rich tables that fit a terminal of 80 columns."""

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from charseq.reports.column import Column
from charseq.reports.display.visible import printable


def columns_table(columns: Sequence[Column], items: Sequence[Any], *, short: bool = False) -> Table:
    """Return a table with a line for each item, and the columns that have a label and are shown."""
    chosen = [column for column in columns if column.label and column.shown(items)]
    table = plain_table()
    for column in chosen:
        header = Text(column.short if short else column.label)
        if column.left:
            table.add_column(header, overflow="fold")
        else:
            table.add_column(header, justify="right", no_wrap=True)
    for item in items:
        table.add_row(*(column.cell(item) for column in chosen))
    return table


def facing_table(columns: Sequence[Column], items: Sequence[Any], names: Sequence[str]) -> Table:
    """Return a table with a line for each shown column: its label and a cell per item, below `names`."""
    chosen = [column for column in columns if column.label and column.shown(items)]
    lines = [[column.label, *(f"{column.cell(item)}" for item in items)] for column in chosen]
    return filled_table(["", *names], lines, num_text_columns=1)


def facts_table(facts: Sequence[tuple[str, str]]) -> Table:
    """Return pairs of a name and a value, one below the other."""
    table = Table(show_header=False, show_edge=False, pad_edge=False, box=None)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(name, Text(printable(value)))
    return table


def filled_table(headers: Sequence[str], lines: Sequence[Sequence[str]], *, num_text_columns: int) -> Table:
    """Return a table in which texts and headers that are too long are folded, but never numbers."""
    table = plain_table()
    for column, header in enumerate(headers):
        if column < num_text_columns:
            table.add_column(Text(printable(header)), overflow="fold")
            continue
        widest = max((cell_len(line[column]) for line in lines), default=0)
        table.add_column(
            Text(printable(header)),
            overflow="fold",
            justify="right",
            no_wrap=cell_len(header) <= widest,  # rich cuts numbers if it shrinks this column
        )
    for line in lines:
        table.add_row(*(Text(printable(cell)) for cell in line))
    return table


def plain_table() -> Table:
    """Return an empty table in the style of all tables."""
    return Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
