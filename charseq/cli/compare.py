"""charseq compare: which of several models is better on a text, how surely, and where."""

import time
from itertools import takewhile
from typing import TYPE_CHECKING, Annotated

import typer

from charseq.cli.options import ErrorsOption, HtmlOption, PageFormatOption, examples
from charseq.cli.texts import ScoringProgress, held_out_text, named_texts
from charseq.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from charseq.analysis.comparison import Comparison
    from charseq.runs.checkpoint import Checkpoint
    from charseq.text.corpus import NamedTexts

EXAMPLES = examples(
    ("charseq compare runs/rnn runs/lstm runs/gru", "three models on the test part that they share"),
    ("charseq compare runs/lstm runs/ngram a.txt b.txt", "two models on the same texts"),
    ("git log | charseq compare runs/lstm runs/gru - --format json", "any text from a pipe"),
    ("charseq compare runs/lstm runs/gru a.txt --passages 20 --html report.html", "a page beside the tables"),
)


def command(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MODEL MODEL... [TEXT]...",
            help="Run directories or .safetensors files, two at least, then files, directories or -; "
            "without a text, the test part that the models have in common.",
            show_default=False,
        ),
    ] = None,
    passages: Annotated[
        int, typer.Option(min=0, metavar="K", help="The K passages on which the models differ most.")
    ] = 5,
    html: HtmlOption = None,
    errors: ErrorsOption = "strict",
    format_name: PageFormatOption = "table",
) -> None:
    """Compare models on the same text: figures, paired differences with intervals, and where they differ."""
    from charseq.analysis.comparison import Comparison
    from charseq.cli.console import (
        check_before,
        check_choice,
        check_format,
        load_model,
        print_tables,
        write_result,
    )
    from charseq.reports import REPORTS
    from charseq.reports.comparison import ModelFacts, comparison_page, comparison_rows, comparison_tables

    check_choice("--errors", errors, ("strict", "replace"))
    check_format(format_name, *REPORTS, "html")
    models, texts = _split(arguments or [])
    check_before(texts, html)
    loaded = {name: load_model(model) for name, model in zip(_distinct(models), models, strict=True)}
    checkpoints = {name: checkpoint for name, (_, checkpoint) in loaded.items()}
    comparison = Comparison(len(models), num_passages=passages)
    with ScoringProgress(texts, plain=False) as progress:
        named = named_texts(texts, errors) if texts else _shared_test_part(checkpoints)
        _score(list(checkpoints.values()), named, comparison, progress.add)
    facts = [
        ModelFacts(name, one.description, one.model.num_parameters, path.stat().st_size)
        for name, (path, one) in loaded.items()
    ]
    rows = comparison_rows(facts, comparison)
    write_result(
        rows,
        lambda console: print_tables(console, comparison_tables(rows)),
        lambda: comparison_page(rows),
        format_name=format_name,
        html=html,
    )


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Return the models, which come first, and the texts; ConfigError for fewer than two models."""
    from charseq.cli.console import split_model
    from charseq.runs.directory import is_model

    models = list(takewhile(is_model, arguments))
    texts = arguments[len(models) :]
    if len(models) < 2:
        split_model(texts)  # which says so if the next one reads like a model that is not there
        found = f"{models[0]}: a single model" if models else "no models"
        raise ConfigError(f"{found}; compare takes two or more, run directories or .safetensors files, first")
    return models, texts


def _distinct(models: list[str]) -> list[str]:
    """Return a name for each model, as it was given; one that is given again gets a number."""
    names: list[str] = []
    for model in models:
        name, number = model, 1
        while name in names:
            number += 1
            name = f"{model} ({number})"
        names.append(name)
    return names


def _shared_test_part(checkpoints: "Mapping[str, Checkpoint]") -> "NamedTexts":
    """Return the test part of all models; ConfigError where it is not the same."""
    (first_name, first), *others = checkpoints.items()
    for name, other in others:
        if _test_part_of(other) != _test_part_of(first):
            raise ConfigError(
                f"{first_name} and {name} have no test part in common, by corpus and split: name a text"
            )
    return held_out_text(first)


def _test_part_of(checkpoint: "Checkpoint") -> tuple[str, int, int]:
    made_of = checkpoint.provenance
    return made_of.sha256, made_of.valid_end, made_of.test_end


def _score(
    checkpoints: "list[Checkpoint]",
    texts: "NamedTexts",
    comparison: "Comparison",
    progress: "Callable[[str], None]",
) -> None:
    """Let every model read the texts, piece by piece; DataError when there is nothing in any of them."""
    from charseq.scoring import Scorer

    names = []
    for text, pieces in texts:
        names.append(text)
        comparison.begin(text)
        scorers = [Scorer(one.model, one.codec) for one in checkpoints]
        for piece in pieces:
            surprisals, seconds = [], []
            for scorer in scorers:
                begin = time.perf_counter()
                surprisals.append(scorer.score(piece))
                seconds.append(time.perf_counter() - begin)
            comparison.add(piece, surprisals, seconds=seconds)
            progress(piece)
    if not comparison.figures[0].score.num_chars:
        raise DataError(f"{', '.join(names)}: empty: there is nothing to score")
