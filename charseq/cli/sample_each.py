"""The option --each of charseq sample: every line of a file is continued."""

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from charseq.errors import ConfigError

if TYPE_CHECKING:
    from charseq.config import SampleConfig
    from charseq.runs.checkpoint import Checkpoint
    from charseq.sampling.continuations import Continuation


def continue_each(
    model: str | None,
    kind: str,
    prompt_file: str | None,
    settings: "SampleConfig",
    *,
    beam: int,
    format_name: str,
) -> None:
    """Write a row for each line of `prompt_file`, in their order, in batches."""
    from charseq.cli.console import check_choice, load_model
    from charseq.cli.texts import format_of_options, texts_of
    from charseq.registry import REPORTS
    from charseq.reports import write_rows
    from charseq.sampling.steered import constraints_on

    check_choice("--each", kind, ("line",))
    check_choice("--format", format_name, ("tsv", "csv", "jsonl"))
    if constraints_on(settings):
        raise ConfigError("--each line keeps no constraints, such as --match or --forbid: leave them out")
    if prompt_file is None:
        raise ConfigError("--each line needs --prompt-file, a file of lines or - for standard input")
    path, checkpoint = load_model(model)
    if checkpoint.codec.end is None:
        raise ConfigError(f"{path}: --each line needs a model of lines, trained with --unit line")
    how = format_of_options("strict").in_form(checkpoint.codec.form)
    texts = texts_of([prompt_file], how)
    prompts = _prompts(checkpoint, (piece for _, pieces in texts for piece in pieces))
    found = _by_beam(checkpoint, prompts, settings, beam) if beam else _drawn(checkpoint, prompts, settings)
    written = (one.as_written(checkpoint.codec) for one in found)
    write_rows(REPORTS["continuation"].rows(written), format_name, sys.stdout)


def _prompts(checkpoint: "Checkpoint", pieces: Iterable[str]) -> Iterator[str]:
    """Yield each line in the form of the model, without what follows a separator in it."""
    from charseq.text.lines import NEWLINE, whole_lines

    separator = checkpoint.codec.target_after
    for piece in whole_lines(pieces):
        for line in piece.removesuffix(NEWLINE).split(NEWLINE):
            yield line.partition(separator)[0] if separator else line


def _by_beam(
    checkpoint: "Checkpoint", prompts: Iterator[str], settings: "SampleConfig", width: int
) -> "Iterator[Continuation]":
    from itertools import islice

    from charseq.sampling.beam import BeamSearch

    search = BeamSearch(checkpoint.model, checkpoint.codec, width=width, length=settings.length)
    while batch := list(islice(prompts, search.prompts_at_once)):
        yield from search.best(batch)


def _drawn(
    checkpoint: "Checkpoint", prompts: Iterator[str], settings: "SampleConfig"
) -> "Iterator[Continuation]":
    from itertools import islice

    import numpy as np

    from charseq.sampling.continuations import LINES_AT_ONCE, continuations

    seeds = np.random.SeedSequence(None if settings.seed < 0 else settings.seed)
    while batch := list(islice(prompts, LINES_AT_ONCE)):
        rngs = [np.random.default_rng(seed) for seed in seeds.spawn(len(batch))]
        yield from continuations(checkpoint.model, checkpoint.codec, batch, settings, rngs=rngs)
