"""All commands, and the options that stand before a command."""

from typing import Annotated

import typer

from charseq.cli import bench, compare, data, evaluate, help, info, inspect, mix, next, sample, train
from charseq.version import __version__

app = typer.Typer(
    name="charseq",
    help="Character-level language models on an ordinary computer: train, sample, evaluate.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (train, data, mix, sample, evaluate, compare, next, info, inspect, bench, help):
    app.command(module.__name__.rpartition(".")[2], epilog=module.EXAMPLES)(module.command)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"charseq {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Character-level language models on an ordinary computer: train, sample, evaluate."""
