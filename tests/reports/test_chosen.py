"""The reports of a command that are written, and the errors before any work begins."""

import io

import pytest
from rich.console import Console

from charseq.analysis.evaluation import Evaluation
from charseq.errors import ConfigError
from charseq.reports.chosen import chosen_reports, reports_of, rows_of, sections_of, show
from tests.reports.builders import CALIBRATION, HARDEST

ASKED = ["text", "class", "hardest"]


def names_of(only: str | None, format_name: str = "json") -> list[str]:
    """Return the names of the reports that are chosen."""
    return [report.name for report in chosen_reports("evaluate", ASKED, only=only, format_name=format_name)]


def refused(only: str | None, format_name: str, asked: list[str] = ASKED) -> str:
    """Return the message of a refusal."""
    with pytest.raises(ConfigError) as caught:
        chosen_reports("evaluate", asked, only=only, format_name=format_name)
    return str(caught.value)


@pytest.mark.parametrize("format_name", ["table", "json", "jsonl", "yaml"])
def test_all_reports_asked_for_or_the_only_one(format_name: str) -> None:
    """Without --report there are all, in the order of asking."""
    assert names_of(None, format_name) == ASKED
    assert names_of("class", format_name) == ["class"]


@pytest.mark.parametrize("format_name", ["tsv", "csv"])
def test_a_format_with_one_header_holds_one_report(format_name: str) -> None:
    """Of several one must be named; a single one needs no name."""
    assert refused(None, format_name) == (
        f"{format_name} holds one report: choose report text, class or hardest"
    )
    assert names_of("hardest", format_name) == ["hardest"]
    (report,) = chosen_reports("evaluate", ["text"], only=None, format_name=format_name)
    assert report.name == "text"


def test_a_report_that_was_not_asked_for_is_refused_with_those_that_were() -> None:
    """The message lists the reports, and suggests the one that was meant."""
    expected = "report clas: not asked for; the reports are text, class and hardest (did you mean 'class'?)"
    assert refused("clas", "json") == expected
    assert refused("word", "json", ["text"]) == "report word: not asked for; the report is text"


def test_a_page_has_all_reports() -> None:
    """Choosing one for a page is refused."""
    assert refused("text", "html") == ("report text: a page has all reports; choose none, or another format")


def test_two_commands_may_have_reports_of_one_name() -> None:
    """`class` is a report of evaluate and another one of compare."""
    assert list(reports_of("compare")) == ["model", "pair", "class", "passage"]
    assert reports_of("compare")["class"] is not reports_of("evaluate")["class"]


FOUND = Evaluation(hardest=HARDEST.hardest, calibration=CALIBRATION.calibration)
REPORTS = [reports_of("evaluate")[name] for name in ("hardest", "case", "calibration")]


def test_rows_come_report_by_report() -> None:
    """A report without items has no row."""
    assert [row["report"] for row in rows_of(REPORTS, FOUND)] == ["hardest"] * 2 + ["calibration"] * 3


def test_reports_without_items_are_not_shown() -> None:
    """Neither a terminal nor a page has a table of nothing; between two parts there is one empty line."""
    console = Console(file=io.StringIO(), width=80)
    show(REPORTS, FOUND, console)
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert printed.count("\n\n") == 2  # the hardest characters, the calibration and its chart
    assert "prefix" not in printed
    assert len(sections_of(REPORTS, FOUND)) == 2
