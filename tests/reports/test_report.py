"""All reports keep the rules: fields are documented, distinct, and those of the rows."""

from collections import Counter

import pytest

from charseq.registry import REPORTS
from tests.reports.test_goldens import RESULTS

each_report = pytest.mark.parametrize("key", list(REPORTS))


@each_report
def test_every_field_is_documented_and_no_other(key: str) -> None:
    """The documented fields are those of a row, in the same order, each with a meaning."""
    report = REPORTS[key]
    for result in RESULTS[key]:
        for row in report.rows(result):
            assert list(row) == [name for name, _ in report.fields()]
    assert all(meaning for _, meaning in report.fields())
    assert all(column.key or column.label for column in report.columns)
    assert all((report.name, report.title, report.help, report.heading))


def test_the_reports_of_a_command_have_different_names() -> None:
    """--report chooses one by its name."""
    names = Counter((report.command, report.name) for report in REPORTS.values())
    assert set(names.values()) == {1}


@each_report
def test_a_report_of_rows_with_a_name_says_so_first(key: str) -> None:
    """Rows begin with the field `report` where a command can give several reports."""
    report = REPORTS[key]
    assert report.has_name == (report.command in ("evaluate", "compare", "data"))
    if report.has_name:
        assert all(next(iter(row.items())) == ("report", report.name) for row in report.rows(RESULTS[key][0]))
