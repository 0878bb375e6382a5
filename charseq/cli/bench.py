"""charseq bench: how fast this machine trains, samples and scores."""

import sys
from typing import Annotated

import typer

from charseq.cli.options import FormatOption, examples
from charseq.config import Settings
from charseq.config.toml import value_from_text
from charseq.registry import CELLS

EXAMPLES = examples(
    ("charseq bench", "everything: two minutes"),
    ("charseq bench train --cell lstm --shape 1x256x16x64", "one training step of your own sizes"),
    ("charseq bench sample evaluate --format json", "rows for a program"),
)


def command(
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="[train|sample|evaluate]...", help="What to measure; default: all three."),
    ] = None,
    cell: Annotated[
        str | None, typer.Option(metavar="gru|lstm|rnn", help="Recurrent cell; default: each.")
    ] = None,
    shape: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LxHxNxT",
            help="Layers x hidden x batch x steps, or layers x hidden; repeatable; default: a grid.",
        ),
    ] = None,
    threads: Annotated[
        str, typer.Option(metavar="N|auto", help="Cores that share a batch; auto: the fastest number.")
    ] = "auto",
    backend: Annotated[
        str, typer.Option(metavar="auto|numba|numpy", help="What computes; sampling as in a long text.")
    ] = "auto",
    seconds: Annotated[float, typer.Option(min=0, metavar="X", help="Time for each figure.")] = 1.5,
    format_name: FormatOption = "table",
) -> None:
    """Measure this machine: training steps, sampled characters, scored characters.

    The step is the real one: forward, loss, backward, clip, Adam. Figures are
    medians of repetitions after a warm-up.
    """
    from charseq.bench import KINDS, Bench, Shape
    from charseq.cli.console import check_choice, check_format, notes, results
    from charseq.registry import REPORTS
    from charseq.reports import write_rows

    check_format(format_name)
    for choice in what or []:
        check_choice("what is measured", choice, KINDS)
    if cell is not None:
        check_choice("--cell", cell, list(CELLS))
    settings = Settings()
    for key, text in (("threads", threads), ("backend", backend)):
        settings = settings.with_layer({"train": {key: value_from_text("train", key, text)}}, f"--{key}")
    bench = Bench(seconds=seconds, threads=settings.train.threads, backend=settings.train.backend)
    cells = [cell] if cell else list(CELLS)
    shapes = [Shape.parse(text) for text in shape or []]
    doing = notes().status
    kinds = what or KINDS
    if format_name != "table":
        figures = (row for kind in kinds for row in bench.measure(kind, cells, shapes, doing=doing))
        write_rows(REPORTS["bench"].rows(figures), format_name, sys.stdout)
        return
    for kind in kinds:
        REPORTS["bench"].show(results(), list(bench.measure(kind, cells, shapes, doing=doing)))
        results().print()
