"""charseq evaluate: measure how probable a text is, or whether a model knows what comes next."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charseq.cli.options import examples
from charseq.errors import ConfigError, DataError
from charseq.score import Score

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from charseq.checkpoint import Checkpoint
    from charseq.reports import Row

EXAMPLES = examples(
    ("charseq evaluate", "the newest model on its own test part"),
    ("charseq evaluate runs/pydoc a.txt b.txt", "two texts and their total"),
    ("git log | charseq evaluate runs/pydoc - --format json", "any text from a pipe"),
    ("charseq evaluate runs/hello --cases data/hello.yaml --steps", "exit code 1 if the model misses a case"),
)


def command(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL] [TEXT]...",
            help="Run directory or .safetensors file (default: the newest run), then files, directories "
            "or -; without a text, the model's own test part.",
            show_default=False,
        ),
    ] = None,
    cases: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="YAML cases: prefixes and what follows."),
    ] = None,
    steps: Annotated[bool, typer.Option("--steps", help="With --cases: every step on the way.")] = False,
    top: Annotated[int, typer.Option(min=0, metavar="K", help="With --cases: how many guesses to show.")] = 3,
    format_name: Annotated[
        str, typer.Option("--format", "-f", metavar="table|json|yaml|tsv", help="Format of the results.")
    ] = "table",
) -> None:
    """Score every character of a text: nats, bits, perplexity, accuracy. Nothing is dropped or skipped."""
    from charseq.cli.console import check_format, load_model, split_model

    check_format(format_name, "json", "yaml", "tsv")
    model, texts = split_model(arguments)
    if cases is not None and texts:
        raise ConfigError("give either texts or --cases, not both")
    if steps and cases is None:
        raise ConfigError("--steps needs --cases")
    _, checkpoint = load_model(model)
    if cases is not None:
        _evaluate_cases(checkpoint, cases, steps=steps, top=top, format_name=format_name)
    else:
        _evaluate_texts(checkpoint, texts, format_name)


def _evaluate_texts(checkpoint: "Checkpoint", texts: list[str], format_name: str) -> None:
    from charseq.cli.console import results
    from charseq.reports import write_rows
    from charseq.reports.tables import evaluation_table

    rows = _rows(checkpoint, _named_texts(checkpoint, texts))
    if format_name == "table":
        results().print(evaluation_table(rows))
    else:
        write_rows(rows, format_name, sys.stdout)


def _named_texts(checkpoint: "Checkpoint", texts: list[str]) -> "Iterator[tuple[str, Iterable[str]]]":
    from charseq.text.corpus import iter_texts

    for text in texts:
        yield from iter_texts(text)
    if not texts:
        yield "test part", _test_part(checkpoint)


def _rows(checkpoint: "Checkpoint", texts: "Iterator[tuple[str, Iterable[str]]]") -> "list[Row]":
    """Score each text by itself, and several together; DataError when there is nothing in any of them."""
    from charseq.reports import evaluation_row

    rows, total, total_seen, total_seconds = [], Score(), Score(), 0.0
    for name, pieces in texts:
        begin = time.perf_counter()
        score, seen = _score(checkpoint, pieces)
        seconds = time.perf_counter() - begin
        rows.append(evaluation_row(name, score, seen, seconds=seconds))
        total, total_seen, total_seconds = total + score, total_seen + seen, total_seconds + seconds
    if not total.num_chars:
        raise DataError(f"{', '.join(row['text'] for row in rows)}: empty: there is nothing to score")
    if len(rows) > 1:
        rows.append(evaluation_row("total", total, total_seen, seconds=total_seconds))
    return rows


def _score(checkpoint: "Checkpoint", pieces: "Iterable[str]") -> tuple[Score, Score]:
    from charseq.evaluator import Scorer

    scorer = Scorer(checkpoint.model, checkpoint.tokenizer, checkpoint.settings.data.unit)
    score, seen = Score(), Score()
    for piece in pieces:
        surprise = scorer.score(piece)
        score += surprise.score()
        seen += surprise.score(seen_only=True)
    return score, seen


def _test_part(checkpoint: "Checkpoint") -> "Iterator[str]":
    from charseq.origin import held_out_part

    return held_out_part(checkpoint).strings()


def _evaluate_cases(checkpoint: "Checkpoint", path: Path, *, steps: bool, top: int, format_name: str) -> None:
    from charseq.cases import case_row, read_cases, step_rows, total_row
    from charseq.cli.console import results
    from charseq.predictor import Predictor
    from charseq.reports import write_rows
    from charseq.reports.tables import predictions_table

    cases = read_cases(path)
    predictor = Predictor(checkpoint.model, checkpoint.tokenizer, checkpoint.settings.data.unit)
    rows, verdicts = [], []
    for case in cases:
        way = predictor.unroll(case.prefix, case.target, num_top=top)[:-1] if steps else []
        verdicts.append(case_row(case, predictor.predict(case.prefix, case.target, num_top=top)))
        rows += [*step_rows(way), verdicts[-1]]
    total = total_row(verdicts)
    if len(cases) > 1:
        rows.append(total)
    if format_name == "table":
        results().print(predictions_table(rows))
    else:
        write_rows(rows, format_name, sys.stdout)
    if not total["passed"]:
        raise typer.Exit(1)
