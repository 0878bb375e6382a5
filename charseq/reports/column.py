"""The columns of a report: the name of a field for programs and for people, its value, its meaning."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from rich.text import Text

from charseq.scoring.score import shown

Row: TypeAlias = dict[str, Any]
Style: TypeAlias = str | Callable[[Any], str | Text]


def always(items: Sequence[Any]) -> bool:
    """Return True: the column is shown for any items."""
    return True


@dataclass(frozen=True, slots=True)
class Column:
    """One field of the rows of a report, and one column of its table.

    `key` is the name of the field; a column without one is for people only. `label` is the header; a column
    without one is for programs only. `style` is a format spec, or a function that returns a cell; `value`
    takes the value from an item of the report; `help` is the meaning for the manual. `short` is the
    header of a wide table with many columns. The cells of a `left` column are texts, aligned to the left and
    folded. `shown` says whether the column is shown for given items.
    """

    key: str
    label: str
    style: Style
    value: Callable[[Any], Any]
    help: str
    short: str = ""
    left: bool = False
    shown: Callable[[Sequence[Any]], bool] = always

    def cell(self, item: Any) -> Text:
        """Return the value for people; None and nan are empty, unless the style is a function."""
        value = self.value(item)
        if not isinstance(self.style, str):
            cell = self.style(value)
            return cell if isinstance(cell, Text) else Text(cell)
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return Text("")
        return Text(format(value, self.style))

    def within(self, part: Callable[[Any], Any]) -> "Column":
        """Return the same column for other items; `part` takes from each the item of this column."""
        return replace(
            self,
            value=lambda item: self.value(part(item)),
            shown=lambda items: self.shown([part(item) for item in items]),
        )


def field(key: str, value: Callable[[Any], Any], help: str) -> Column:
    """Return a column for programs only."""
    return Column(key, "", "", value, help)


def row_of(columns: Sequence[Column], item: Any) -> Row:
    """Return the fields of an item."""
    return {column.key: column.value(item) for column in columns if column.key}


def perplexity_style(spec: str) -> Callable[[float | None], str]:
    """Return the style of a perplexity; a huge one has three digits, since more would mean nothing."""

    def style(value: float | None) -> str:
        return "" if value is None or math.isnan(value) else shown(value, spec)

    return style


def any_given(value: Callable[[Any], Any]) -> Callable[[Sequence[Any]], bool]:
    """Return a rule for `Column.shown`: some item has a value."""
    return lambda items: any(value(item) is not None for item in items)


def several(value: Callable[[Any], Any]) -> Callable[[Sequence[Any]], bool]:
    """Return a rule for `Column.shown`: the items have different values, None not counted."""
    return lambda items: len({value(item) for item in items} - {None}) > 1
