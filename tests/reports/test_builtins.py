"""The list of the built-in corpora."""

from charseq.registry import REPORTS
from charseq.text.builtin import Listed
from tests.reports.builders import shown


def test_a_number_that_can_be_left_out_is_said() -> None:
    """Where a number has a default, the text says so; programs get it as a field."""
    report = REPORTS["data builtin"]
    listed = [Listed("a:N", "some text", ("x=1", "y=2"), 1, 9, 3), Listed("b:N", "some more", (), 1, 9)]
    table = shown(report, listed)
    assert "some text (3 if it is left out)  x=1, y=2" in table
    assert "some more\n" in table
    assert [row["default"] for row in report.rows(listed)] == [3, None]
