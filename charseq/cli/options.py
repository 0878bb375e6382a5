"""Settings as options: each key of a section becomes an option of that name, with the same help."""

import functools
import inspect
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_origin

import typer
from rich.markup import escape

from charseq.config import Layers, Section, Settings, choices_of, format_duration
from charseq.config.escapes import unescaped
from charseq.config.toml import (
    has_escapes,
    is_duration,
    layer_from_assignment,
    layer_from_environment,
    load_toml,
    may_be_auto,
    value_from_text,
)
from charseq.errors import ConfigError

DEFAULT_FILE = Path("charseq.toml")

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings file; default: ./charseq.toml, if any."),
]
ModelOption = Annotated[
    list[str] | None,  # so that a second one is seen, which is an error
    typer.Option("--model", "-m", metavar="MODEL", help="The model, if it is not given as an argument."),
]
ModelsOption = Annotated[
    list[str] | None,
    typer.Option("--model", "-m", metavar="MODEL", help="A model; repeatable. All arguments are then texts."),
]
ResampleOption = Annotated[
    str,
    typer.Option(
        "--resample",
        metavar="block|line|file",
        help="Units from which standard errors are estimated: blocks of characters, or whole lines or files, "
        "which are assumed to be independent.",
    ),
]
ReportOption = Annotated[
    str | None,
    typer.Option("--report", metavar="NAME", help="Write only this report; TSV and CSV hold one at a time."),
]
HtmlOption = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Also write the results as an HTML page.")
]
ExportOption = Annotated[
    Path | None,
    typer.Option(
        "--export",
        metavar="DIR",
        help="Also write the charts of the page into a directory: as SVG, as PNG with the extra "
        "charseq\\[png], and their numbers as CSV.",
    ),
]
FormatOption = Annotated[
    str, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, yaml, tsv or csv.")
]
PageFormatOption = Annotated[
    str, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, yaml, tsv, csv or html.")
]
AdaptOption = Annotated[
    bool,
    typer.Option("--adapt", help="Let the model learn from each piece of a text after it was scored."),
]
AdaptRateOption = Annotated[
    float | None,
    typer.Option(
        min=0,
        metavar="X",
        help="With --adapt: the rate of its networks; default: the rate chosen on the validation text.",
    ),
]
ErrorsOption = Annotated[
    str,
    typer.Option(
        "--errors",
        metavar="strict|replace|ignore",
        help="Bytes that are no characters: an error, read as U+FFFD, or left out.",
    ),
]
EncodingOption = Annotated[
    str, typer.Option("--encoding", metavar="NAME", help="Encoding of the texts, such as utf-16 or cp949.")
]
IncludeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--include",
        metavar="PATTERN",
        help="Of a directory, read only files that fit, such as '*.py'; repeatable.",
    ),
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Set any setting; repeatable.")
]


def settings_options(**sections: tuple[str, ...]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add to a command an option for each key of the named sections, except the keys listed for a section.

    The command receives the options that are given in its argument `options`, by (section, key): strings, or
    a list of strings for a setting of several values.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        owners = {
            key: name
            for name, left_out in sections.items()
            for key in _section(name).model_fields
            if key not in left_out
        }

        @functools.wraps(command)
        def wrapper(**arguments: Any) -> Any:
            options = {(name, key): arguments.pop(key) for key, name in owners.items()}
            given = {
                setting: "true" if text is True else text
                for setting, text in options.items()
                if text is not None and text != []
            }
            return command(**arguments, options=given)

        signature = inspect.signature(command, eval_str=True)
        kept = [p for name, p in signature.parameters.items() if name != "options"]
        added = [_parameter(name, key) for key, name in owners.items()]
        wrapper.__signature__ = signature.replace(parameters=[*kept, *added])  # type: ignore[attr-defined]
        wrapper.__annotations__ = {p.name: p.annotation for p in [*kept, *added]}
        return wrapper

    return decorate


def examples(*pairs: tuple[str, str]) -> str:
    """Return the end of a command's help: each command below its explanation."""
    lines = [
        f"[dim]{escape(explanation)}:[/dim]\n[cyan]$ {escape(command)}[/cyan]"
        for command, explanation in pairs
    ]
    return "\n\n".join(["[bold]Examples[/bold]", *lines])


def option_layers(options: dict[tuple[str, str], Any], assignments: list[str] | None) -> Layers:
    """Return the settings given on the command line: --set first, then the options."""
    layers: Layers = [(_assigned(text), f"--set {text}") for text in assignments or []]
    for (section, key), given in options.items():
        value = (
            _list(section, key, given) if isinstance(given, list) else value_from_text(section, key, given)
        )
        layers.append(({section: {key: value}}, _flag(key)))
    return layers


def _list(section: str, key: str, given: list[str]) -> list[str]:
    """Return the values of a repeated option, with its escapes read if it has any."""
    if not has_escapes(_section(section).model_fields[key]):
        return given
    return [unescaped(_flag(key), text) for text in given]


def as_options(sentence: str) -> str:
    """Return a sentence that names settings, such as data.split=blocks, with options in their place."""
    return re.sub(
        rf"(?<!--set )\b(?:{'|'.join(Settings.model_fields)})\.(\w+)=(\S+)",
        lambda found: f"{_flag(found[1])} {found[2]}",
        sentence,
    )


def base_settings(config: Path | None) -> Settings:
    """Return the settings below the command line: default < charseq.toml < environment."""
    settings = Settings()
    if config is not None or DEFAULT_FILE.is_file():
        path = config or DEFAULT_FILE
        settings = settings.with_layer(load_toml(path), str(path))
    for variable, value in os.environ.items():
        if layer := layer_from_environment({variable: value}):
            settings = settings.with_layer(layer, f"environment {variable}")
    return settings


def _assigned(text: str) -> dict[str, dict[str, Any]]:
    try:
        return layer_from_assignment(text)
    except ConfigError as error:
        raise ConfigError(f"--set {error}") from None


def _section(name: str) -> type[Section]:
    section: Any = Settings.model_fields[name].annotation
    return section  # type: ignore[no-any-return]


def _flag(key: str) -> str:
    return f"--{key.replace('_', '-')}"


def _parameter(section: str, key: str) -> inspect.Parameter:
    field = _section(section).model_fields[key]
    choices = choices_of(field)
    is_flag, is_list = field.annotation is bool, get_origin(field.annotation) is tuple
    kinds: dict[Any, str] = {int: "N", float: "X"}
    option = typer.Option(
        _flag(key),
        *(["-n"] if key == "num_samples" else []),
        help=f"{field.description} [dim]\\[{_default(section, key) or 'none'}][/dim]",
        metavar=None
        if is_flag
        else "|".join(choices) or ("TIME" if is_duration(field) else kinds.get(field.annotation, "TEXT")),
        rich_help_panel=f"Settings: {section}",
        hidden=len(choices) == 1,  # until there is something to choose
        autocompletion=(lambda incomplete: [c for c in choices_of(field) if c.startswith(incomplete)])
        if choices
        else None,
    )
    kind: Any = bool | None if is_flag else list[str] | None if is_list else str | None
    return inspect.Parameter(
        key, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, option]
    )


def _default(section: str, key: str) -> str:
    field = _section(section).model_fields[key]
    if is_duration(field):
        return format_duration(field.default)
    if may_be_auto(field):
        return "auto"
    return " ".join(field.default) if isinstance(field.default, tuple) else f"{field.default}"
