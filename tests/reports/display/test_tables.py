"""Tables for people: columns, alignment, folding; and text that is out to do harm."""

import io
from operator import attrgetter
from types import SimpleNamespace

import pytest
from rich.console import Console
from rich.table import Table

from charseq.reports.column import Column, any_given
from charseq.reports.display.tables import columns_table, facing_table, facts_table, filled_table
from charseq.reports.display.visible import printable

COLUMNS = (
    Column("name", "the\nname", printable, attrgetter("name"), "", "name", left=True),
    Column("size", "size", ",", attrgetter("size"), "", "s"),
    Column("hidden", "", "", attrgetter("size"), ""),
    Column("rare", "rare", ".1f", attrgetter("rare"), "", "r", shown=any_given(attrgetter("rare"))),
)
ITEMS = [
    SimpleNamespace(name="[red]a\x1b", size=1234, rare=None),
    SimpleNamespace(name="bc", size=5, rare=None),
]


def lines_of(table: Table, *, width: int = 80) -> list[str]:
    """Return the lines of a table, without blanks at their ends."""
    file = io.StringIO()
    Console(file=file, width=width, force_terminal=False).print(table)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_a_line_for_each_item_and_a_column_for_each_label_that_is_shown() -> None:
    """Texts stand at the left, numbers at the right; headers may have two lines."""
    assert lines_of(columns_table(COLUMNS, ITEMS)) == [
        "the",
        "name         size",
        "─────────────────",
        r"[red]a\x1b  1,234",
        "bc              5",
    ]


def test_short_headers() -> None:
    """Where there is little room."""
    assert lines_of(columns_table(COLUMNS[:2], ITEMS, short=True))[0].split() == ["name", "s"]


def test_a_column_that_no_item_needs_is_left_out() -> None:
    """It is there as soon as one does."""
    assert "rare" not in " ".join(lines_of(columns_table(COLUMNS, ITEMS)))
    some = [*ITEMS, SimpleNamespace(name="", size=1, rare=2.0)]
    assert "rare" in " ".join(lines_of(columns_table(COLUMNS, some)))


def test_a_line_for_each_column_and_a_column_for_each_item() -> None:
    """The names of the items are the headers."""
    lines = lines_of(facing_table(COLUMNS[1:], ITEMS, ["x", "y\x1b"]))
    assert lines[0].split() == ["x", r"y\x1b"]
    assert [line.split() for line in lines[2:]] == [["size", "1,234", "5"]]


def test_texts_stand_at_the_left_numbers_at_the_right() -> None:
    """Headers stand above their cells."""
    lines = lines_of(filled_table(["who", "n"], [["a", "100"], ["bcde", "7"]], num_text_columns=1))
    assert [lines[0], *lines[2:]] == ["who     n", "a     100", "bcde    7"]


def test_a_table_obeys_nobody() -> None:
    """Neither a terminal's commands nor rich's markup are obeyed."""
    out = "\n".join(lines_of(filled_table(["[bold]n\x1b[2J"], [["[red]\r"]], num_text_columns=0)))
    assert r"[bold]n\x1b[2J" in out
    assert r"[red]\r" in out


@pytest.mark.parametrize("text", ["a\x1b[31m[red]b :smile:", "[/]", "\r"])
def test_facts_are_shown_as_they_are(text: str) -> None:
    """A name and its value stand on a line; nothing in it is obeyed."""
    assert lines_of(facts_table([("file", "a.txt"), ("best validation", text)])) == [
        "file             a.txt",
        f"best validation  {printable(text)}",
    ]


def test_a_long_fact_is_folded_not_cut() -> None:
    """In a narrow terminal a value goes on in the next line, to its last character."""
    folded = "".join(lines_of(facts_table([("SHA-256", "0123456789" * 6)]), width=30))
    assert folded.replace(" ", "") == "SHA-256" + "0123456789" * 6
