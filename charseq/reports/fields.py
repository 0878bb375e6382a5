"""The fields of all reports as Markdown, for the manual, made from their columns."""

from itertools import groupby

from charseq.registry import REPORTS
from charseq.reports.report import Report


def field_tables() -> str:
    """Return a heading and a table of fields for each report; neighbours with equal fields share both."""
    parts = []
    for _, group in groupby(REPORTS.values(), key=_shared):
        reports = list(group)
        headings = ", ".join(report.heading for report in reports)
        lines = [f"## {headings}", "", reports[0].help, "", "| field | meaning |", "|---|---|"]
        names = ", ".join(f"`{report.name}`" for report in reports)
        for key, meaning in reports[0].fields():
            lines.append(f"| `{key}` | {_cell(names if key == 'report' else meaning)} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _shared(report: Report) -> tuple[str, list[str]]:
    """Return the help and the fields of a report, which reports with one table have in common."""
    return report.help, [key for key, _ in report.fields()]


def _cell(text: str) -> str:
    return text.replace("|", r"\|")
