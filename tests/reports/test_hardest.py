"""Surprising characters for people: marked in their context, in lines that fit a terminal."""

import pytest

from charseq.analysis.evaluation import Evaluation
from charseq.registry import REPORTS
from charseq.reports.hardest import CONTEXT
from tests.reports.builders import hard_char, in_terminal, shown, table_lines

REPORT = REPORTS["hardest"]


def test_the_hardest_fit_80_columns() -> None:
    """Each has one line, newlines in its context or not."""
    chars = [
        hard_char("for what\nthe " * 3, "é", "\n\nand it was not"),
        hard_char("x" * 40, "y", "z" * 20, rank=0),
    ]
    lines = table_lines("hardest", Evaluation(hardest=chars))
    assert len(lines) == 2
    assert all({"12.35", "1,234,567", "x=0.500", r"\n=0.062"} <= set(line) for line in lines)


def test_the_character_stands_out() -> None:
    """At a terminal it is bold and red."""
    made = REPORT.table(Evaluation(hardest=[hard_char()]))
    coloured = in_terminal(made, width=300, force_terminal=True, color_system="standard", _environ={})
    assert "\x1b[1;31m[c]" in coloured


def test_the_context_is_short() -> None:
    """So many characters are shown on either side."""
    text = shown(REPORT, Evaluation(hardest=[hard_char("x" * 40, "y", "z" * 20)]))
    assert f" {'x' * CONTEXT}[y]{'z' * CONTEXT} " in text


@pytest.mark.parametrize(
    ("char", "harmless"),
    [
        (hard_char("\x1b[31m"), r"\x1b[31m[c]"),
        (hard_char("[red]b:x:"), "[red]b:x:[c]"),
        (hard_char(char="\x1b"), r"[\x1b]"),
        (hard_char(after="\x1b[31m"), r"[c]\x1b[31m"),
    ],
)
def test_contexts_are_shown_as_they_are(char: object, harmless: str) -> None:
    """Nothing in a context is obeyed by a terminal, or taken for markup."""
    text = shown(REPORT, Evaluation(hardest=[char]))  # type: ignore[list-item]
    assert harmless in text
    assert "\x1b" not in text
