"""charseq bench: how fast this machine trains, samples and scores."""

import itertools
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from charseq.cli.options import FormatOption, examples
from charseq.config import Settings, Unit
from charseq.config.toml import value_from_text
from charseq.registry import CELLS

if TYPE_CHECKING:
    from charseq.bench import Bench, Measurement

EXAMPLES = examples(
    ("charseq bench", "everything: two minutes"),
    ("charseq bench train --cell lstm --shape 1x256x16x64", "one training step of your own sizes"),
    ("charseq bench sample evaluate --format json", "rows for a program"),
)
WHAT = ("train", "sample", "evaluate")


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
        str, typer.Option(metavar="auto|numba|numpy", help="What computes the cells in training.")
    ] = "auto",
    seconds: Annotated[float, typer.Option(min=0, metavar="X", help="Time for each figure.")] = 1.5,
    format_name: FormatOption = "table",
) -> None:
    """Measure this machine: training steps, sampled characters, scored characters.

    The step is the real one: forward, loss, backward, clip, Adam. Figures are
    medians of repetitions after a warm-up.
    """
    from charseq.bench import Bench
    from charseq.cli.console import check_choice, check_format, results
    from charseq.registry import REPORTS
    from charseq.reports import write_rows

    check_format(format_name)
    for choice in what or []:
        check_choice("what is measured", choice, WHAT)
    if cell is not None:
        check_choice("--cell", cell, list(CELLS))
    settings = Settings()
    for key, text in (("threads", threads), ("backend", backend)):
        settings = settings.with_layer({"train": {key: value_from_text("train", key, text)}}, f"--{key}")
    bench = Bench(seconds=seconds, threads=settings.train.threads, backend=settings.train.backend)
    cells = [cell] if cell else list(CELLS)
    if format_name != "table":
        figures = _measured(bench, what or list(WHAT), cells, shape or [])
        write_rows(REPORTS["bench"].rows(figures), format_name, sys.stdout)
        return
    for kind in what or WHAT:
        figures = _measured(bench, [kind], cells, shape or [])
        REPORTS["bench"].show(results(), list(figures))
        results().print()


def _measured(
    bench: "Bench", what: list[str], cells: list[str], shapes: list[str]
) -> "Iterator[Measurement]":
    """Measure each kind of work for each cell and shape; a terminal shows on stderr which one is running."""
    from charseq.bench import SHAPES, TRAIN_SHAPES, Shape
    from charseq.cli.console import notes

    wanted = [Shape.parse(text) for text in shapes]
    for kind in what:
        default = [Shape.parse(text) for text in (TRAIN_SHAPES if kind == "train" else SHAPES)]
        for cell, size in itertools.product(cells, wanted or default):
            with notes().status(f"{kind} {cell} {size}"):
                if kind == "train":
                    rows = [bench.train(cell, size)]
                elif kind == "sample":
                    rows = [bench.sample(cell, size)]
                else:
                    rows = [bench.evaluate(cell, size, unit) for unit in get_args(Unit)]
            yield from rows
