"""The option --curves of charseq compare: the learning curves of one or several runs."""

from itertools import product
from pathlib import Path
from typing import Annotated

import typer

from charseq.errors import ConfigError

CurvesOption = Annotated[
    bool,
    typer.Option(
        "--curves", help="Show the learning curves of the runs, one or several, instead of scoring a text."
    ),
]
QuantitiesOption = Annotated[
    str | None,
    typer.Option(
        "--quantity",
        metavar="LIST",
        help="With --curves: bits, gradient (its norm before clipping), clipped (share of steps), weights "
        "(their norm); comma-separated. Default: bits; on a page also the others.",
    ),
]
AgainstOption = Annotated[
    str | None,
    typer.Option(
        metavar="LIST", help="With --curves: against steps, chars, seconds; comma-separated. Default: all."
    ),
]


def show_curves(
    runs: list[str],
    texts: list[str],
    *,
    quantities: str | None,
    against: str | None,
    format_name: str,
    html: Path | None,
    export: Path | None,
) -> None:
    """Write the learning curves of the runs. Raises ConfigError for a text, or if no run has a curve."""
    from charseq.analysis.curves import curves_of
    from charseq.analysis.shared import distinct_names
    from charseq.cli.console import check_before, check_format, note, write_result
    from charseq.registry import REPORTS
    from charseq.reports.curves import AXES, QUANTITIES, LearningCurves
    from charseq.reports.display.page import page
    from charseq.reports.report import Part
    from charseq.runs.directory import find_model, model_name

    check_format(format_name, page=True)
    if texts:
        raise ConfigError(f"{texts[0]}: learning curves are about runs and read no text: leave it out")
    if not runs:
        raise ConfigError("no runs; --curves takes run directories, as arguments or each by -m")
    axes = _chosen("--against", against, tuple(AXES)) or tuple(AXES)
    chosen = _chosen("--quantity", quantities, tuple(QUANTITIES))
    check_before([], html, export)
    paths = [find_model(run) for run in runs]
    names = distinct_names([model_name(path) for path in paths])
    curves = curves_of({name: path.parent for name, path in zip(names, paths, strict=True)})
    missing = [name for name in names if name not in {curve.name for curve in curves}]
    without = f"{', '.join(missing)}: no learning curve: only training runs have one"
    if not curves:
        raise ConfigError(f"{without}; name their directories")
    if missing:
        note(without)
    drawn = tuple(product(chosen or ("bits",), axes))
    others = () if chosen else tuple((name, axes[0]) for name in QUANTITIES if name != "bits")
    result, on_page = LearningCurves(curves, drawn), LearningCurves(curves, drawn + others)
    report, title = REPORTS["curve"], f"Learning curves: {', '.join(curve.name for curve in curves)}"
    write_result(
        report.rows(result),
        lambda console: report.show(console, result),
        lambda: page(title, report.sections(on_page)),
        format_name=format_name,
        html=html,
        export=export,
        parts=lambda: [Part(report, on_page)],
    )


def _chosen(option: str, listed: str | None, choices: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names in a list with commas, none of them twice."""
    from charseq.cli.console import check_choice

    names = () if listed is None else tuple(dict.fromkeys(name.strip() for name in listed.split(",")))
    for name in names:
        check_choice(option, name, choices)
    return names
