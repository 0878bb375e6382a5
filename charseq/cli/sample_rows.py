"""The options of charseq sample for many texts: which ones, and as rows with their figures."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from charseq.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from charseq.config import SampleConfig
    from charseq.sampling import SampledText

FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        help="text; or a row for each text, with its nats, bits, seed and reason for stopping: jsonl, tsv "
        "or csv.",
    ),
]
IndexOption = Annotated[
    int | None,
    typer.Option(
        "--index",
        min=0,
        max=10**12,
        metavar="I",
        help="With --seed: begin with the text number I of that seed; the first one is 0.",
        show_default=False,
    ),
]
KeepStopOption = Annotated[
    bool, typer.Option("--keep-stop", help="With --stop: the string that ended a text is a part of it.")
]


def check_many(
    settings: "SampleConfig", *, index: int | None, stops: list[str], keep_stop: bool, format_name: str
) -> None:
    """Raise ConfigError for an unknown format, an index without a seed, and no string that could be kept."""
    from charseq.cli.console import check_choice

    check_choice("--format", format_name, ("text", "jsonl", "tsv", "csv"))
    if index is not None and settings.seed < 0:
        raise ConfigError("--index needs --seed: it is the number of a text of that seed")
    if keep_stop and not stops:
        raise ConfigError("--keep-stop needs --stop, the string to keep")


def write_texts(texts: "Iterable[SampledText]", format_name: str) -> None:
    """Write a row for each text as soon as it is finished."""
    from charseq.registry import REPORTS
    from charseq.reports import write_rows

    write_rows(REPORTS["sample"].rows(texts), format_name, sys.stdout)
