"""charseq compare: which of several models is better on a text, how sure that is, and where."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charseq.cli.compare_curves import AgainstOption, CurvesOption, QuantitiesOption, show_curves
from charseq.cli.compare_ladder import BaselineOption, LadderOption, show_ladder
from charseq.cli.options import (
    AdaptOption,
    AdaptRateOption,
    EncodingOption,
    ErrorsOption,
    ExportOption,
    HtmlOption,
    IncludeOption,
    ModelsOption,
    ReportOption,
    ResampleOption,
    examples,
)
from charseq.cli.texts import ScoringProgress, format_of_options, texts_of
from charseq.errors import ConfigError

if TYPE_CHECKING:
    from charseq.text.encodings import SourceFormat

EXAMPLES = examples(
    ("charseq compare runs/rnn runs/lstm runs/gru", "three models on the test part that they share"),
    ("charseq compare runs/lstm runs/ngram a.txt b.txt", "two models on the same texts"),
    ("git log | charseq compare runs/lstm runs/gru - --format json", "any text from a pipe"),
    ("charseq compare runs/lstm runs/gru a.txt --passages 20 --html report.html", "a page beside the tables"),
    ("charseq compare runs/english runs/french --each line < mixed.txt", "the language of every line"),
    ("charseq compare runs/rnn runs/lstm runs/gru --curves", "how the runs have learnt, step by step"),
    ("charseq compare runs/mlp runs/rnn runs/gru --ladder", "from a uniform guess to the best, with bars"),
    ("charseq compare runs/lstm runs/gru --report pair --format tsv", "one report for a spreadsheet"),
)


def command(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MODEL MODEL... [TEXT]...",
            help="Two or more run directories or .safetensors files, then files, directories or -; "
            "without a text, the test part that the models have in common.",
            show_default=False,
        ),
    ] = None,
    models: ModelsOption = None,
    passages: Annotated[
        int,
        typer.Option(min=0, metavar="K", help="Number of passages to show on which the models differ most."),
    ] = 5,
    each: Annotated[
        str | None,
        typer.Option(
            metavar="line",
            help="Write a row for each line with the model that finds it likeliest, and the margin in bits; "
            "a label may follow a tab.",
        ),
    ] = None,
    curves: CurvesOption = False,
    quantities: QuantitiesOption = None,
    against: AgainstOption = None,
    ladder: LadderOption = False,
    baseline: BaselineOption = None,
    adapt: AdaptOption = False,
    adapt_rate: AdaptRateOption = None,
    report: ReportOption = None,
    resample: ResampleOption = "block",
    html: HtmlOption = None,
    export: ExportOption = None,
    include: IncludeOption = None,
    encoding: EncodingOption = "utf-8",
    errors: ErrorsOption = "strict",
    format_name: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="table, json, jsonl, yaml, tsv, csv or html; with --each: tsv, csv or jsonl.",
        ),
    ] = None,
) -> None:
    """Compare models on the same text: figures, paired differences with intervals, and where they differ."""
    from charseq.analysis.uncertainty import UNITS
    from charseq.cli.console import check_choice, split_models

    how = format_of_options(errors, encoding, include)
    check_choice("--resample", resample, tuple(UNITS))
    if curves:
        if each or report or adapt:
            raise ConfigError("--curves scores no text: leave out --each, --report and --adapt")
        runs, others = split_models(arguments, models)
        show_curves(
            runs,
            others,
            quantities=quantities,
            against=against,
            format_name=format_name or "table",
            html=html,
            export=export,
        )
        return
    if ladder:
        if each or report:
            raise ConfigError("--ladder is a report of its own: leave out --each and --report")
        named, texts = split_models(arguments, models)
        show_ladder(
            named,
            texts,
            baseline,
            how=how,
            adapt=(adapt, adapt_rate),
            format_name=format_name or "table",
            html=html,
            export=export,
        )
        return
    if quantities or against:
        raise ConfigError(f"{'--quantity' if quantities else '--against'} needs --curves")
    if baseline is not None:
        raise ConfigError("--baseline needs --ladder")
    if each is not None:
        if report or html or adapt or export:
            raise ConfigError("--each writes rows and no reports: leave out the other options")
        _attribute(arguments, models, each, how=how, format_name=format_name or "tsv")
        return
    named, texts = _split(arguments, models)
    _compare(
        named,
        texts,
        passages=passages,
        resample=resample,
        how=how,
        adapt=(adapt, adapt_rate),
        report=report,
        format_name=format_name or "table",
        html=html,
        export=export,
    )


def _compare(
    named: list[str],
    texts: list[str],
    *,
    passages: int,
    resample: str,
    how: "SourceFormat",
    adapt: tuple[bool, float | None],
    report: str | None,
    format_name: str,
    html: Path | None,
    export: Path | None,
) -> None:
    """Compare the models on all texts, and show the reports that were asked for."""
    from charseq.analysis.comparison import ComparedModel, compare
    from charseq.analysis.shared import distinct_names, shared_form, shared_test_part
    from charseq.cli.console import check_before, check_format, load_model, write_result
    from charseq.reports.chosen import chosen_reports, parts_of, rows_of, sections_in, show
    from charseq.reports.curves import curve_parts
    from charseq.reports.display.page import page
    from charseq.reports.facing import names_of

    check_format(format_name, page=True)
    asked = ["model", "pair", "class"]
    if passages:
        asked.append("passage")
    chosen = chosen_reports("compare", asked, only=report, format_name=format_name)
    everything = chosen_reports("compare", asked, only=None, format_name="table")
    check_before(texts, html, export)
    loaded = {
        name: load_model(model, adapt=adapt[0], adapt_rate=adapt[1])
        for name, model in zip(distinct_names(named), named, strict=True)
    }
    form = shared_form({name: model for name, (_, model) in loaded.items()})
    compared = [ComparedModel(name, model, path.stat().st_size) for name, (path, model) in loaded.items()]
    with ScoringProgress(texts, plain=False, include=how.include) as progress:
        comparison = compare(
            compared,
            texts_of(texts, how.in_form(form))
            if texts
            else shared_test_part({one.name: one.checkpoint for one in compared}),
            num_passages=passages,
            units=resample,
            progress=progress.add,
        )
    directories = {name: path.parent for name, (path, _) in loaded.items()}
    parts = [*parts_of(everything, comparison), *curve_parts(directories)]
    write_result(
        rows_of(chosen, comparison),
        lambda console: show(chosen, comparison, console),
        lambda: page(f"Compared: {', '.join(names_of(comparison))}", sections_in(parts)),
        format_name=format_name,
        html=html,
        export=export,
        parts=lambda: parts,
    )


def _attribute(
    arguments: list[str] | None,
    models: list[str] | None,
    kind: str,
    *,
    how: "SourceFormat",
    format_name: str,
) -> None:
    """Write a row for each line, with the models named as in labels: by their directories alone."""
    from charseq.analysis.comparison import ComparedModel
    from charseq.analysis.shared import distinct_names
    from charseq.cli.compare_each import attribute_each
    from charseq.cli.console import check_before, load_model
    from charseq.runs.directory import model_name

    named, texts = _split(arguments, models)
    check_before(texts, None)
    loaded = [load_model(model) for model in named]
    names = distinct_names([Path(model_name(path)).name for path, _ in loaded])
    compared = [
        ComparedModel(name, model, path.stat().st_size)
        for name, (path, model) in zip(names, loaded, strict=True)
    ]
    attribute_each(compared, texts, kind, how=how, format_name=format_name)


def _split(arguments: list[str] | None, options: list[str] | None) -> tuple[list[str], list[str]]:
    """Return the models and the texts. Raises ConfigError for fewer than two models."""
    from charseq.cli.console import check_is_there, split_models

    models, texts = split_models(arguments, options)
    if len(models) < 2:
        if texts and not options:
            check_is_there(texts[0])
        found = f"{models[0]}: a single model" if models else "no models"
        raise ConfigError(
            f"{found}; compare takes two or more models: run directories or .safetensors files, "
            "as the first arguments or each by -m"
        )
    return models, texts
