"""The field tables of the manual are made from the columns."""

from charseq.registry import REPORTS
from charseq.reports.fields import field_tables


def test_every_report_has_a_heading_and_every_field_a_line() -> None:
    """Reports with the same fields share a table."""
    page = field_tables()
    headings = [name for line in page.split("\n") if line.startswith("## ") for name in line[3:].split(", ")]
    for report in REPORTS.values():
        assert set(report.heading.split(", ")) <= set(headings)
        for key, _ in report.fields():
            assert f"| `{key}` | " in page


def test_a_part_of_the_page_as_it_is_written() -> None:
    """A heading, a sentence on how to ask for it, a table of two columns."""
    assert (
        "## calibration\n\n"
        "`charseq evaluate --calibration`. One row for each class of confidence.\n\n"
        "| field | meaning |\n|---|---|\n"
        "| `report` | `calibration` |\n"
        "| `low` | lower end of the class, not in it |\n"
    ) in field_tables()


def test_no_cell_ends_early() -> None:
    """A bar inside a meaning is escaped."""
    rows = [line for line in field_tables().split("\n") if line.startswith("|")]
    assert all(line.replace(r"\|", "").count("|") == 3 for line in rows)
