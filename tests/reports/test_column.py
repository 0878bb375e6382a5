"""Columns: cells for people, fields for programs."""

import math
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

import pytest
from rich.text import Text

from charseq.reports.column import Column, any_given, field, perplexity_style, row_of, several

ITEM = SimpleNamespace(size=1234.5, name="a[red]", inner=SimpleNamespace(size=7), nothing=None)


@pytest.mark.parametrize(
    ("style", "value", "cell"),
    [
        (",.1f", 1234.56, "1,234.6"),
        ("", "text", "text"),
        (",", 1234, "1,234"),
        (".1f", math.nan, ""),
        (".1f", None, ""),
        (".1f", math.inf, "inf"),
        (lambda value: f"<{value}>", None, "<None>"),
        (lambda value: Text("[red]"), 1, "[red]"),
    ],
)
def test_a_cell_is_the_value_in_its_style_and_empty_where_it_is_not_known(
    style: Any, value: Any, cell: str
) -> None:
    """A format spec leaves out None and nan; a function is handed whatever there is."""
    assert Column("k", "l", style, lambda item: value, "").cell(ITEM).plain == cell


def test_fields_are_the_columns_that_have_a_key_in_their_order() -> None:
    """A column without a key is for people only; one without a label for programs only."""
    columns = (
        Column("size", "the size", ",", attrgetter("size"), "meaning"),
        Column("", "for people", "", attrgetter("name"), ""),
        field("name", attrgetter("name"), "meaning"),
    )
    assert list(row_of(columns, ITEM).items()) == [("size", 1234.5), ("name", "a[red]")]
    assert [column.label for column in columns] == ["the size", "for people", ""]


def test_a_column_within_another_item_takes_its_value_and_its_rule_from_the_part() -> None:
    """A column of a part can stand among those of the whole."""
    column = Column("size", "s", "", attrgetter("size"), "", shown=any_given(attrgetter("size")))
    inner = column.within(attrgetter("inner"))
    assert inner.value(ITEM) == 7
    assert inner.shown([ITEM])
    assert not inner.shown([])


def test_rules_of_what_is_shown() -> None:
    """A value somewhere; different values, None aside."""
    items = [SimpleNamespace(file=file) for file in ("a", None, "a")]
    assert any_given(attrgetter("nothing"))([ITEM]) is False
    assert several(attrgetter("file"))(items) is False
    assert several(attrgetter("file"))([*items, SimpleNamespace(file="b")]) is True


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1.41421, "1.414"),
        (92681.9, "92681.900"),
        (131072, "1.31e+05"),
        (math.inf, "inf"),
        (math.nan, ""),
        (None, ""),
    ],
)
def test_a_huge_perplexity_has_three_digits(value: float | None, shown: str) -> None:
    """Below 100,000 it has the digits of its spec."""
    assert perplexity_style(".3f")(value) == shown
