"""The reports of a command, and the choice of those that are written."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.console import Console

from charseq.config import suggest
from charseq.errors import ConfigError
from charseq.registry import REPORTS
from charseq.reports.column import Row
from charseq.reports.report import Part, Report

ONE_EACH = ("tsv", "csv")
"""The formats that have one header, and so can hold only one report."""


def reports_of(command: str) -> dict[str, Report]:
    """Return the reports of a command by their names."""
    return {report.name: report for report in REPORTS.values() if report.command == command}


def chosen_reports(command: str, asked: Sequence[str], *, only: str | None, format_name: str) -> list[Report]:
    """Return the reports that were `asked` for, or the `only` one of them.

    Raises ConfigError if that was not asked for or if the format is a page, and if a format that holds one
    report would get several.
    """
    if only is not None and only not in asked:
        there = f"the reports are {_listed(asked, 'and')}" if len(asked) > 1 else f"the report is {asked[0]}"
        raise ConfigError(f"report {only}: not asked for; {there}{suggest(only, list(asked))}")
    if only is not None and format_name == "html":
        raise ConfigError(f"report {only}: a page has all reports; choose none, or another format")
    if only is None and format_name in ONE_EACH and len(asked) > 1:
        choice = _listed(asked, "or")
        raise ConfigError(f"{format_name} holds one report: choose report {choice}")
    reports = reports_of(command)
    return [reports[name] for name in asked if only in (None, name)]


def rows_of(reports: Sequence[Report], result: Any) -> Iterator[Row]:
    """Yield the rows of one report after the other."""
    for report in reports:
        yield from report.rows(result)


def show(reports: Sequence[Report], result: Any, console: Console) -> None:
    """Print the reports that have items, with an empty line between them."""
    filled = [report for report in reports if report.items(result)]
    for number, report in enumerate(filled):
        if number:
            console.print()
        report.show(console, result)


def parts_of(reports: Sequence[Report], result: Any) -> list[Part]:
    """Return the parts of a page: the reports that have items."""
    return [Part(report, result) for report in reports if report.items(result)]


def sections_of(reports: Sequence[Report], result: Any) -> list[str]:
    """Return the sections of the reports that have items."""
    return sections_in(parts_of(reports, result))


def sections_in(parts: Iterable[Part]) -> list[str]:
    """Return the sections of the parts of a page."""
    return [section for part in parts for section in part.sections()]


def _listed(names: Sequence[str], word: str) -> str:
    return f"{', '.join(names[:-1])} {word} {names[-1]}" if len(names) > 1 else names[0]
