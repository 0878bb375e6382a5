"""charseq evaluate: how probable a text is to a model, and whether the model knows what comes next."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charseq.cli.evaluate_each import GuessNumberOption, check_each, score_each
from charseq.cli.options import (
    AdaptOption,
    AdaptRateOption,
    EncodingOption,
    ErrorsOption,
    ExportOption,
    HtmlOption,
    IncludeOption,
    ModelOption,
    ReportOption,
    ResampleOption,
    examples,
)
from charseq.cli.parts import names_in, wanted_parts
from charseq.cli.prompts import ContextOption, EscapesOption, PromptFileOption, read_prompt
from charseq.cli.ranks import connected, is_done, is_idle
from charseq.cli.texts import ScoringProgress, format_of_options, texts_of
from charseq.errors import ConfigError

if TYPE_CHECKING:
    from charseq.runs.checkpoint import Checkpoint
    from charseq.text.corpus import NamedTexts
    from charseq.text.encodings import SourceFormat

EXAMPLES = examples(
    ("charseq evaluate", "the newest model on its own test part"),
    ("charseq evaluate runs/pydoc a.txt b.txt --baseline unigram,ngram:6", "beside models that only count"),
    ("git log | charseq evaluate -m runs/pydoc - --format json", "any text from a pipe"),
    (
        "charseq evaluate runs/pydoc a.txt --by word --report word --format tsv",
        "one report for a spreadsheet",
    ),
    ("charseq evaluate runs/pydoc a.txt --by class,word --hardest 10", "where it is surprised"),
    ("charseq evaluate runs/pydoc a.txt --html report.html", "a page with the text coloured by surprisal"),
    (
        "charseq evaluate runs/logs --each line < access.log | sort -t$'\\t' -k3,3rn | head",
        "the strangest lines, by the bits that the model did not expect",
    ),
    (
        "charseq evaluate runs/pydoc items.csv --each word --column text -f csv",
        "reading times: each word of a study",
    ),
    ("charseq evaluate runs/pydoc a.txt --prompt 'The class '", "what follows a text, which is not scored"),
    ("charseq evaluate runs/hello --cases data/hello.yaml --steps", "exit code 1 if the model misses a case"),
)


def command(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL] [TEXT]...",
            help="Run directory or .safetensors file (default: the newest run), then files, directories "
            "or -; without a text, the model's own test part; with --each, standard input.",
            show_default=False,
        ),
    ] = None,
    models: ModelOption = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="LIST", help="Models to compare with: uniform, unigram, ngram:K; comma-separated."
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Sum up the bits by char, class, position (in the word), column (in the line), "
            "word, line, file, chunk; comma-separated.",
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            metavar="total|mean", help="With --by: sort by the total or the mean of the bits, highest first."
        ),
    ] = None,
    num_rows: Annotated[
        int, typer.Option("--rows", min=0, metavar="N", help="With --by: number of rows to show; 0: all.")
    ] = 20,
    hardest: Annotated[
        int,
        typer.Option(
            min=0, metavar="K", help="Number of the most surprising characters to show in their context."
        ),
    ] = 0,
    calibration: Annotated[
        bool, typer.Option("--calibration", help="Show how often first guesses are right, by confidence.")
    ] = False,
    each: Annotated[
        str | None,
        typer.Option(
            metavar="char|word|line|document|file", help="Write one row for each, as soon as it is scored."
        ),
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="With --each: score each cell of this column of CSV files alone; keep the others.",
        ),
    ] = None,
    guess_number: GuessNumberOption = False,
    prompt: ContextOption = None,
    prompt_file: PromptFileOption = None,
    escapes: EscapesOption = False,
    reset: Annotated[
        str | None,
        typer.Option(metavar="line", help="Read each line from the zero state, also with a stream model."),
    ] = None,
    heatmap: Annotated[bool, typer.Option("--heatmap", help="Show the text coloured by surprisal.")] = False,
    report: ReportOption = None,
    resample: ResampleOption = "block",
    html: HtmlOption = None,
    export: ExportOption = None,
    cases: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="YAML file of prefixes and the text that should follow each."),
    ] = None,
    steps: Annotated[
        bool, typer.Option("--steps", help="With --cases: also show each step before the last character.")
    ] = False,
    top: Annotated[
        int, typer.Option(min=0, metavar="K", help="With --cases: number of guesses to show.")
    ] = 3,
    chars: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Read only the first N characters of each text.",
            show_default=False,
        ),
    ] = None,
    adapt: AdaptOption = False,
    adapt_rate: AdaptRateOption = None,
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
    """Score every character of a text: nats, bits, perplexity, accuracy. Nothing is dropped or skipped."""
    from charseq.analysis.baselines import count_baselines
    from charseq.analysis.cases import check_cases, read_cases
    from charseq.analysis.evaluation import Evaluation, evaluate
    from charseq.analysis.uncertainty import UNITS
    from charseq.cli.console import (
        check_before,
        check_choice,
        check_format,
        load_model,
        results,
        split_model,
        write_result,
    )
    from charseq.reports.chosen import ONE_EACH, chosen_reports, rows_of, show
    from charseq.reports.display.page import SHOWN_GUESSES
    from charseq.reports.evaluation_page import evaluation_page, evaluation_parts
    from charseq.reports.heatmap import HeatMaps
    from charseq.reports.shown_text import ShownText
    from charseq.runs.directory import model_name

    if not (is_shared := each == "line" and not (guess_number or adapt or column)) and is_idle():
        return
    model, texts = split_model(arguments, models)
    how = format_of_options(errors, encoding, include)
    check_choice("--resample", resample, tuple(UNITS))
    if each is not None:
        if any((baseline, by, sort, hardest, calibration, heatmap, report, html, export, cases, steps)):
            raise ConfigError("--each writes rows and no reports: leave out the other options")
        format_name = format_name or "tsv"
        check_each(each, format_name)
        _, checkpoint = load_model(model, adapt=adapt, adapt_rate=adapt_rate)
        context = read_prompt(prompt, prompt_file, escapes=escapes, form=checkpoint.codec.form)
        score_each(
            _prepared(checkpoint, reset, context),
            texts or ["-"],
            each,
            column=column,
            chars=chars,
            how=how,
            prompt=context,
            format_name=format_name,
            guess_number=guess_number,
            world=connected() if is_shared else None,
        )
        is_done()
        return
    format_name = format_name or "table"
    check_format(format_name, page=True)
    _check_needs(
        {
            "--guess-number needs --each line": guess_number,
            "--column needs --each, such as --each word": column is not None,
            "--heatmap is for people: leave out --format": heatmap and format_name != "table",
            "--steps needs --cases": steps and cases is None,
            "--report case needs --cases": report == "case" and cases is None,
        }
    )
    wanted = wanted_parts(
        by, sort, report, num_rows=num_rows, hardest=hardest, calibration=calibration, resample=resample
    )
    reads = bool(texts) or cases is None or any((baseline, heatmap, wanted.parts, report == "text"))
    asked = ["text", *wanted.parts] if reads else []
    if report == "confusions":
        asked.append(report)
    if cases is not None:
        asked.append("case")
    chosen = chosen_reports("evaluate", asked, only=report, format_name=format_name)
    everything = chosen_reports("evaluate", asked, only=None, format_name="table")
    check_before(texts, html, export)
    questions = None if cases is None else read_cases(cases)
    path, checkpoint = load_model(model, adapt=adapt, adapt_rate=adapt_rate)
    context = read_prompt(prompt, prompt_file, escapes=escapes, form=checkpoint.codec.form)
    checkpoint = _prepared(checkpoint, reset, context)
    if report == "confusions" and not checkpoint.codec.target_after:
        raise ConfigError(f"{path}: --report confusions needs a model that was trained with --target-after")
    if reads and report is None and format_name not in ONE_EACH:
        chosen += chosen_reports("evaluate", ["confusions"], only=None, format_name="table")
        everything += chosen[-1:]
    evaluation, shown = Evaluation(), ShownText(checkpoint.codec.tokenizer.alphabet)
    heat_maps = HeatMaps(results(), named=len(texts) > 1)
    with_page = html is not None or export is not None or format_name == "html"
    listeners = [hearing for hearing, asked_for in ((heat_maps, heatmap), (shown, with_page)) if asked_for]
    if reads:
        with ScoringProgress(texts, plain=heatmap, chars=chars, include=how.include) as progress:
            evaluation = evaluate(
                checkpoint,
                _texts_to_read(checkpoint, texts, how, chars),
                wanted,
                name=model_name(path),
                baselines=count_baselines(checkpoint, names_in(baseline)),
                listeners=listeners,
                num_guesses=SHOWN_GUESSES if with_page else 0,
                prompt=context,
                progress=progress.add,
            )
        heat_maps.finish()
    if questions is not None:
        evaluation.cases = check_cases(checkpoint, questions, steps=steps, num_top=top)
    write_result(
        rows_of(chosen, evaluation),
        lambda console: show(chosen, evaluation, console),
        lambda: evaluation_page(path, checkpoint, evaluation, everything, shown),
        format_name=format_name,
        html=html,
        export=export,
        parts=lambda: evaluation_parts(path, checkpoint, evaluation, everything, shown),
    )
    if any(answer.passed is False for answer in evaluation.cases):
        raise typer.Exit(1)


def _check_needs(complaints: dict[str, bool]) -> None:
    """Raise ConfigError with the first complaint that is justified."""
    for complaint, is_justified in complaints.items():
        if is_justified:
            raise ConfigError(complaint)


def _texts_to_read(
    checkpoint: "Checkpoint", texts: list[str], how: "SourceFormat", chars: int | None
) -> "NamedTexts":
    """Return the texts that are named, or else the model's own test part."""
    from charseq.analysis.reading import held_out_text
    from charseq.text.beginning import beginnings

    codec = checkpoint.codec
    if texts:
        return texts_of(texts, how.in_form(codec.form), chars=chars, lines=codec.needs_lines)
    return beginnings(held_out_text(checkpoint), chars, lines=codec.needs_lines)


def _prepared(checkpoint: "Checkpoint", reset: str | None, prompt: str) -> "Checkpoint":
    """Return the model as --reset asks. Raises ConfigError for a prompt to a model of targets."""
    from charseq.cli.console import check_choice

    if prompt and checkpoint.codec.selects:
        raise ConfigError("--prompt: this model scores the targets of whole lines, and each has its source")
    if reset is None:
        return checkpoint
    check_choice("--reset", reset, ("line",))
    return checkpoint.by_lines()
