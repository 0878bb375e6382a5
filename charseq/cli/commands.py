"""All commands, and the options that stand before a command."""

from typing import Annotated, Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup

from charseq.cli import bench, compare, data, evaluate, help, info, inspect, mix, next, sample, train
from charseq.cli.options import examples
from charseq.version import __version__

BEGINNING = examples(
    ("charseq train", "a model in two minutes"),
    ("charseq sample", "a text by it"),
    ("charseq train --help", "the options of a command, and more examples"),
    ("charseq help tutorial", "the manual, from the first model on"),
)


def _without_types(parameters: list[Any]) -> list[Any]:
    """Leave the types of Python out of the help: a flag takes no value, and an argument is any text."""
    for parameter in parameters:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
        elif isinstance(parameter, TyperArgument):
            parameter.display_type_rich = lambda ctx: None  # type: ignore[method-assign]
    return parameters


class _Command(TyperCommand):
    def get_params(self, ctx: Any) -> list[Any]:
        return _without_types(super().get_params(ctx))


class _Group(TyperGroup):
    def get_params(self, ctx: Any) -> list[Any]:
        return _without_types(super().get_params(ctx))


app = typer.Typer(
    cls=_Group,
    epilog=BEGINNING,
    name="charseq",
    help="Character-level language models on an ordinary computer: train, sample, evaluate.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (train, data, mix, sample, evaluate, compare, next, info, inspect, bench, help):
    name = module.__name__.rpartition(".")[2]
    app.command(name, cls=_Command, epilog=module.EXAMPLES)(module.command)


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
