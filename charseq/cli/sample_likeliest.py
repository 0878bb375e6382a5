"""The options --top-texts and --beam of charseq sample: texts that are searched and not drawn."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from charseq.errors import ConfigError

if TYPE_CHECKING:
    from charseq.config import SampleConfig
    from charseq.runs.checkpoint import Checkpoint
    from charseq.sampling.continuations import Continuation

PATIENCE = 5.0
"""Seconds that a search may take before it is announced."""

TopTextsOption = Annotated[
    int,
    typer.Option(
        "--top-texts",
        min=0,
        max=10**6,
        metavar="K",
        help="The K likeliest lines or documents, exactly, best first.",
    ),
]
BeamOption = Annotated[
    int,
    typer.Option(
        min=0,
        max=1000,
        metavar="K",
        help="A likely text, or with --each the likely continuation of each line, by beam search with K "
        "beginnings.",
    ),
]


def check_search(option: str, *, given: Iterable[str], others: Iterable[bool]) -> None:
    """Raise ConfigError if other options are given: settings but the length, or any of `others`."""
    for key in given:
        if key != "length":
            raise ConfigError(f"{option} draws nothing at random: leave out --{key.replace('_', '-')}")
    if any(others):
        raise ConfigError(f"{option} goes with --prompt, --length and --format: leave out the other options")


def write_likeliest(
    checkpoint: "Checkpoint",
    prompt: str,
    settings: "SampleConfig",
    *,
    top_texts: int,
    beam: int,
    format_name: str,
    hide_prompt: bool,
) -> None:
    """Write the likeliest texts after a prompt, which is in the form of the model, completed."""
    from charseq.cli.console import check_choice
    from charseq.registry import REPORTS
    from charseq.reports import write_rows
    from charseq.sampling.steered import constraints_on

    if names := constraints_on(settings):
        raise ConfigError(f"sample.{names[0]}: the likeliest texts keep no constraints: leave it out")
    check_choice("--format", format_name, ("text", "tsv", "csv", "jsonl"))
    if top_texts:
        found = _searched(checkpoint, prompt, settings, top_texts)
    else:
        from charseq.sampling.beam import BeamSearch

        search = BeamSearch(checkpoint.model, checkpoint.codec, width=beam, length=settings.length)
        found = search.best([prompt])
    written = [one.as_written(checkpoint.codec) for one in found]
    if format_name != "text":
        write_rows(REPORTS["continuation"].rows(written), format_name, sys.stdout)
        return
    for one in written:
        sys.stdout.write(f"{one.text}\n" if hide_prompt else f"{one.prompt}{one.text}\n")


def _searched(
    checkpoint: "Checkpoint", prompt: str, settings: "SampleConfig", number: int
) -> "list[Continuation]":
    from charseq.cli.console import note
    from charseq.config import format_duration
    from charseq.sampling import Start
    from charseq.sampling.likeliest import Likeliest

    search = Likeliest(Start(checkpoint.model, checkpoint.codec, prompt), length=settings.length)
    estimate = search.estimate(number)
    if estimate.seconds > PATIENCE:
        note(f"the search takes about {format_duration(round(estimate.seconds))}")
    found = search.best(number, estimate)
    if len(found) < number:
        note(f"there are {len(found):,} texts of up to {settings.length:,} characters")
    return [one.after(prompt) for one in found]
