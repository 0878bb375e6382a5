"""charseq evaluate: measure how probable a text is, or whether a model knows what comes next."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charseq.cli.options import ErrorsOption, HtmlOption, examples
from charseq.cli.texts import ScoringProgress, held_out_text, named_texts
from charseq.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from charseq.analysis.cases import Case
    from charseq.analysis.evaluation import Evaluation
    from charseq.models import NGram
    from charseq.reports import Row
    from charseq.reports.display.heat import HeatMap
    from charseq.reports.evaluation_page import ShownText
    from charseq.runs.checkpoint import Checkpoint
    from charseq.scoring import Surprisal

EXAMPLES = examples(
    ("charseq evaluate", "the newest model on its own test part"),
    ("charseq evaluate runs/pydoc a.txt b.txt --baseline unigram,ngram:6", "beside models that only count"),
    ("git log | charseq evaluate runs/pydoc - --format json", "any text from a pipe"),
    ("charseq evaluate runs/pydoc a.txt --by class,word --hardest 10", "where it is surprised"),
    ("charseq evaluate runs/pydoc a.txt --html report.html", "a page with the text coloured by surprisal"),
    ("charseq evaluate runs/logs --each line < access.log | sort -rn | head", "the strangest lines"),
    ("charseq evaluate runs/hello --cases data/hello.yaml --steps", "exit code 1 if the model misses a case"),
)
GUESSES = 5
"""Guesses that a page shows for each character."""


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
    baseline: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Models beside it: uniform, unigram, ngram:K; comma-separated."),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Where the bits go: by char, class, position (in the word), column (in the line), "
            "word, line, file, chunk; comma-separated.",
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(metavar="total|mean", help="With --by: highest total or mean of bits first."),
    ] = None,
    num_rows: Annotated[
        int, typer.Option("--rows", min=0, metavar="N", help="With --by: rows of a table; 0: all.")
    ] = 20,
    hardest: Annotated[
        int, typer.Option(min=0, metavar="K", help="The K most surprising characters in their context.")
    ] = 0,
    calibration: Annotated[
        bool, typer.Option("--calibration", help="How often first guesses are right, by confidence.")
    ] = False,
    each: Annotated[
        str | None,
        typer.Option(metavar="char|word|line|file", help="One row for each, as soon as it is known."),
    ] = None,
    heatmap: Annotated[bool, typer.Option("--heatmap", help="Show the text coloured by surprisal.")] = False,
    html: HtmlOption = None,
    cases: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="YAML cases: prefixes and what follows."),
    ] = None,
    steps: Annotated[bool, typer.Option("--steps", help="With --cases: every step on the way.")] = False,
    top: Annotated[int, typer.Option(min=0, metavar="K", help="With --cases: how many guesses to show.")] = 3,
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
    from charseq.analysis.cases import read_cases
    from charseq.analysis.evaluation import Evaluation, Wanted, evaluate
    from charseq.cli.console import (
        check_before,
        check_choice,
        load_model,
        print_tables,
        split_model,
        write_result,
    )
    from charseq.reports import REPORTS
    from charseq.reports.evaluation_page import ShownText
    from charseq.runs.directory import model_name

    model, texts = split_model(arguments)
    check_choice("--errors", errors, ("strict", "replace"))
    if each is not None:
        if any((baseline, by, sort, hardest, calibration, heatmap, html, cases, steps)):
            raise ConfigError("--each gives rows and no report beside: leave out the other options")
        _stream(model, texts or ["-"], each, errors=errors, format_name=format_name or "tsv")
        return
    format_name = format_name or "table"
    check_choice("--format", format_name, ("table", *REPORTS, "html"))
    if heatmap and format_name != "table":
        raise ConfigError("--heatmap is for people: leave out --format")
    if steps and cases is None:
        raise ConfigError("--steps needs --cases")
    if sort is not None and by is None:
        raise ConfigError("--sort needs --by")
    wanted = Wanted(_groupings(by), _sort(sort), num_rows, hardest, calibration)
    check_before(texts, html)
    asked = None if cases is None else read_cases(cases)
    path, checkpoint = load_model(model)
    evaluation, shown = Evaluation(texts=[]), ShownText(checkpoint.codec.tokenizer.alphabet)
    with_page = html is not None or format_name == "html"
    if texts or cases is None or any((baseline, by, hardest, calibration, heatmap)):
        heat_maps = [_HeatMaps(named=len(texts) > 1)] * heatmap
        with ScoringProgress(texts, plain=heatmap) as progress:
            evaluation = evaluate(
                checkpoint,
                named_texts(texts, errors) if texts else held_out_text(checkpoint),
                wanted,
                name=model_name(path),
                baselines=_baselines(checkpoint, baseline),
                listeners=[*heat_maps, *[shown] * with_page],
                num_guesses=GUESSES * with_page,
                progress=progress.add,
            )
        for heat_map in heat_maps:
            heat_map.finish()
    if asked is not None:
        evaluation.cases = _case_rows(checkpoint, asked, steps=steps, top=top)
    write_result(
        evaluation.rows,
        lambda console: print_tables(console, _tables(evaluation)),
        lambda: _page(path, checkpoint, evaluation, shown),
        format_name=format_name,
        html=html,
    )
    if not all(row["passed"] is not False for row in evaluation.cases):
        raise typer.Exit(1)


def _groupings(names: str | None) -> tuple[str, ...]:
    from charseq.analysis.groups import GROUPINGS
    from charseq.cli.console import check_choice

    chosen = tuple(name.strip() for name in names.split(",")) if names is not None else ()
    for name in chosen:
        check_choice("--by", name, tuple(GROUPINGS))
    return chosen


def _sort(name: str | None) -> str | None:
    from charseq.analysis.ranking import SORTS
    from charseq.cli.console import check_choice

    if name is not None:
        check_choice("--sort", name, tuple(SORTS))
    return name


def _baselines(checkpoint: "Checkpoint", names: str | None) -> "dict[str, NGram]":
    """Count the n-grams that were asked for in what the model learnt from."""
    from charseq.analysis.baselines import baseline_orders
    from charseq.models import fit_ngram
    from charseq.runs.provenance import training_part
    from charseq.text.batches import Examples

    if names is None:
        return {}
    orders, codec = baseline_orders(names), checkpoint.codec
    examples = Examples(training_part(checkpoint), codec)
    return {
        name: fit_ngram(examples, vocab_size=codec.vocab_size, order=order) for name, order in orders.items()
    }


def _stream(model: str | None, texts: list[str], kind: str, *, errors: str, format_name: str) -> None:
    """Write one row for each `kind`, as they come."""
    from charseq.analysis.streaming import KINDS, each_row
    from charseq.cli.console import check_choice, load_model, note
    from charseq.reports import write_rows

    check_choice("--each", kind, KINDS)
    check_choice("--format", format_name, ("tsv", "csv", "jsonl"))
    _, checkpoint = load_model(model)
    if texts == ["-"] and sys.stdin is not None and sys.stdin.isatty():
        note("reading the text from the terminal; Ctrl-D ends")
    write_rows(each_row(checkpoint, named_texts(texts, errors), kind), format_name, sys.stdout)


def _case_rows(checkpoint: "Checkpoint", cases: "list[Case]", *, steps: bool, top: int) -> "list[Row]":
    from charseq.analysis.cases import case_row, step_rows, total_row
    from charseq.scoring import Predictor

    predictor = Predictor(checkpoint.model, checkpoint.codec)
    rows, verdicts = [], []
    for case in cases:
        way = predictor.unroll(case.prefix, case.target, num_top=top)[:-1] if steps else []
        verdicts.append(case_row(case, predictor.predict(case.prefix, case.target, num_top=top)))
        rows += [*step_rows(way), verdicts[-1]]
    return rows + [total_row(verdicts)] * (len(cases) > 1)


def _tables(evaluation: "Evaluation") -> "Iterator[Table]":
    from charseq.reports.display import tables

    if evaluation.texts:
        yield tables.evaluation_table(evaluation.texts)
    for rows in evaluation.groups.values():
        yield tables.groups_table(rows)
    if evaluation.hardest:
        yield tables.hardest_table(evaluation.hardest)
    if evaluation.calibration:
        yield tables.calibration_table(evaluation.calibration)
    if evaluation.cases:
        yield tables.predictions_table(evaluation.cases)


def _page(path: Path, checkpoint: "Checkpoint", evaluation: "Evaluation", shown: "ShownText") -> str:
    from charseq.reports.evaluation_page import evaluation_page
    from charseq.runs.directory import model_name, read_metrics

    return evaluation_page(
        f"{model_name(path)}: {checkpoint.description}",
        texts=evaluation.texts,
        groups=evaluation.groups,
        hardest=evaluation.hardest,
        calibration=evaluation.calibration,
        cases=evaluation.cases,
        metrics=read_metrics(path.parent),
        shown=shown,
        more=_gradient_flow(model_name(path), checkpoint, shown.text),
    )


def _gradient_flow(name: str, checkpoint: "Checkpoint", text: str) -> list[str]:
    """Return the section on how far back the network looks, if it is one and the text is long enough."""
    from charseq.analysis.gradient_flow import gradient_flow
    from charseq.reports.inspection import GradientView, ModelFlow

    config = checkpoint.settings.model
    if not checkpoint.kind.has_states:
        return []
    try:
        flow = gradient_flow(checkpoint.network, checkpoint.codec, text)
    except DataError:
        return []
    return GradientView([ModelFlow(name, config.cell, flow)], "the text").sections()


class _HeatMaps:
    """Prints each text coloured by surprisal while it is scored; of several, below its name."""

    def __init__(self, *, named: bool) -> None:
        self._named = named
        self._map: HeatMap | None = None

    def begin(self, file: str) -> None:
        """Begin with another text."""
        from charseq.cli.console import results
        from charseq.reports.display.heat import SURPRISAL, HeatMap
        from charseq.reports.display.visible import printable

        self.finish()
        if self._named:
            results().print(printable(file), style="bold", markup=False, highlight=False, soft_wrap=True)
        self._map = HeatMap(results(), SURPRISAL)

    def add(self, text: str, surprisal: "Surprisal") -> None:
        """Take the next piece of the text."""
        if self._map:
            self._map.write(text, surprisal.bits)

    def finish(self) -> None:
        """Print the end of the last text."""
        if self._map:
            self._map.finish()
            print()
