"""The parts of an evaluation that options ask for: groups, the hardest characters, calibration."""

from typing import TYPE_CHECKING

from charseq.errors import ConfigError

if TYPE_CHECKING:
    from charseq.analysis.evaluation import Analysis, Wanted


def wanted_parts(
    by: str | None,
    sort: str | None,
    report: str | None,
    *,
    num_rows: int,
    hardest: int,
    calibration: bool,
    resample: str,
) -> "Wanted":
    """Return what --by, --sort, --report and the other options ask for."""
    from charseq.analysis.evaluation import Wanted

    asked = (_groupings(by), _sort(sort), num_rows, hardest, calibration, resample, _analyses(report))
    wanted = Wanted(*asked).with_part(report)
    if sort is not None and not wanted.by:
        raise ConfigError("--sort needs --by")
    return wanted


def _groupings(names: str | None) -> tuple[str, ...]:
    from charseq.analysis.groups import GROUPINGS
    from charseq.cli.console import check_choice

    chosen = names_in(names)
    for name in chosen:
        check_choice("--by", name, tuple(GROUPINGS))
    return chosen


def names_in(listed: str | None) -> tuple[str, ...]:
    """Return the names in a list with commas."""
    return () if listed is None else tuple(name.strip() for name in listed.split(","))


def _analyses(name: str | None) -> "dict[str, Analysis]":
    """Return the analysis of the report `name`, if it has one of its own."""
    from charseq.reports.chosen import reports_of

    report = None if name is None else reports_of("evaluate").get(name)
    analysis = None if report is None else report.analysis()
    return {} if report is None or analysis is None else {report.name: analysis}


def _sort(name: str | None) -> str | None:
    from charseq.analysis.ranking import SORTS
    from charseq.cli.console import check_choice

    if name is not None:
        check_choice("--sort", name, tuple(SORTS))
    return name
