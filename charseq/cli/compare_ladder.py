"""charseq compare --ladder: all models and some that only count, with their sizes, from worst to best."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charseq.cli.texts import ScoringProgress, texts_of
from charseq.errors import ConfigError

if TYPE_CHECKING:
    from charseq.text.encodings import SourceFormat

BASELINES = "uniform,unigram,ngram:2"
"""The baselines if none are named: knowing nothing, frequencies, and a Markov model."""

LadderOption = Annotated[
    bool,
    typer.Option(
        "--ladder", help="Show all models, and some that only count, from worst to best: sizes, bits, bars."
    ),
]
BaselineOption = Annotated[
    str | None,
    typer.Option(
        "--baseline",
        metavar="LIST",
        help=f"With --ladder: the models that only count: uniform, unigram, ngram:K; default: {BASELINES}.",
        show_default=False,
    ),
]


def show_ladder(
    named: list[str],
    texts: list[str],
    baseline: str | None,
    *,
    how: "SourceFormat",
    adapt: tuple[bool, float | None],
    format_name: str,
    html: Path | None,
    export: Path | None,
) -> None:
    """Write the ladder of the models `named` on the texts, by default on the test part that they share."""
    from charseq.analysis.baselines import count_baselines
    from charseq.analysis.comparison import ComparedModel
    from charseq.analysis.ladder import ladder
    from charseq.analysis.shared import distinct_names, shared_form, shared_test_part
    from charseq.cli.console import check_before, check_format, load_model, write_result
    from charseq.registry import REPORTS
    from charseq.reports.display.page import page
    from charseq.reports.report import Part

    check_format(format_name, page=True)
    check_before(texts, html, export)
    if not named:
        raise ConfigError("--ladder takes a model or several: run directories or .safetensors files")
    loaded = [load_model(model, adapt=adapt[0], adapt_rate=adapt[1]) for model in named]
    compared = [
        ComparedModel(name, model, path.stat().st_size)
        for name, (path, model) in zip(distinct_names(named), loaded, strict=True)
    ]
    shared = {one.name: one.checkpoint for one in compared}
    form = shared_form(shared)
    listed = (BASELINES if baseline is None else baseline).split(",")
    names = [name.strip() for name in listed if name.strip()]
    with ScoringProgress(texts, plain=False, include=how.include) as progress:
        rungs = ladder(
            compared,
            texts_of(texts, how.in_form(form)) if texts else shared_test_part(shared),
            baselines=count_baselines(compared[0].checkpoint, names),
            progress=progress.add,
        )
    report = REPORTS["ladder"]
    write_result(
        report.rows(rungs),
        lambda console: report.show(console, rungs),
        lambda: page(f"Ladder: {', '.join(named)}", report.sections(rungs)),
        format_name=format_name,
        html=html,
        export=export,
        parts=lambda: [Part(report, rungs)],
    )
