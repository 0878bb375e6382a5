"""The generated parts of the manual: Markdown made from commands, settings, layers and reports.

A page marks such a part by `<!-- generated: NAME -->` and `<!-- end -->`. The tests compare the page with
what is generated; with REWRITE_GOLDEN=1 they write it into the page.
"""

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import typer

from charseq.cli.commands import app
from charseq.config import Section, Settings, choices_of, format_duration
from charseq.config.toml import is_duration, may_be_auto
from charseq.reports.fields import field_tables
from tests.test_architecture import LAYERS

MAIN: Any = typer.main.get_command(app)
COMMANDS: dict[str, Any] = MAIN.commands
REWRITE = os.environ.get("REWRITE_GOLDEN") == "1"
PART = re.compile(r"(<!-- generated: (\S+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def parts_of(page: str) -> list[str]:
    """Return the names of the generated parts of a page."""
    return [match[2] for match in PART.finditer(page)]


def filled(page: str) -> str:
    """Return a page with its generated parts as they should be."""
    return PART.sub(lambda match: f"{match[1]}\n{generated(match[2])}{match[4]}", page)


def generated(name: str) -> str:
    """Return the Markdown of one part."""
    kind, _, rest = name.partition(":")
    return f"{PARTS[kind](rest) if rest else PARTS[kind]()}\n"


# ---- commands


def command_part(name: str) -> str:
    """Return what a command's own help says: usage, arguments, options, examples."""
    command = COMMANDS[name]
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option"]
    own = [one for one in options if not one.rich_help_panel]
    lines = [
        " ".join(command.help.split()),
        "",
        "```",
        " ".join([f"charseq {name} [OPTIONS]", *map(_name_of, arguments)]),
        "```",
        "",
    ]
    lines += [f"* `{_name_of(one)}`: {_literal(one.help)}" for one in arguments]
    lines += [f"* {_option(one)}" for one in own]
    lines += list(_settings_options(options))
    lines += ["", "```console", *_examples(command.epilog), "```", ""]
    return "\n".join(lines)


def _literal(help_text: str) -> str:
    """Return a help text with its patterns and placeholders as code, which Markdown would read otherwise."""
    plain = help_text.replace(r"\[", "[")  # escaped from the markup of rich
    return re.sub(r"\S*<\S*>|\*\.\w+", lambda match: f"`{match[0]}`", plain)


def _name_of(argument: Any) -> str:
    """Return an argument as the usage line shows it."""
    if argument.metavar:
        return str(argument.metavar)
    name = f"[{argument.name.upper()}]"
    return f"{name}..." if argument.nargs == -1 else name


def _option(option: Any) -> str:
    value = "" if option.is_flag else f" {option.metavar}"
    names = ", ".join(f"`{name}{value}`" for name in option.opts)
    default = option.default
    has_default = not (option.is_flag or default is None or default == ())
    return f"{names}: {_literal(option.help)}" + (f" Default: {default}." if has_default else "")


def _settings_options(options: list[Any]) -> Iterator[str]:
    """Yield a line for each section of settings whose keys are options of a command."""
    panels: dict[str, list[str]] = {}
    for option in options:
        if option.rich_help_panel:
            panels.setdefault(option.rich_help_panel.removeprefix("Settings: "), []).extend(option.opts)
    for section, names in panels.items():
        yield f"* settings of the section `{section}`: {', '.join(f'`{name}`' for name in names)}."
    if panels:
        yield "\nEach of these is explained by [charseq help settings](settings.md)."


def _examples(epilog: str) -> Iterator[str]:
    """Yield each example of a command's help below its explanation."""
    found = re.findall(r"\[dim\](.*?):\[/dim\]\n\[cyan\](.*?)\[/cyan\]", epilog.replace(r"\[", "["))
    for number, (explanation, command) in enumerate(found):
        yield from [""] * bool(number)
        yield f"# {explanation}"
        yield command


# ---- settings


def settings_part() -> str:
    """Return every setting: default, meaning, choices, option, environment variable."""
    options = {option: name for name in COMMANDS for one in COMMANDS[name].params for option in one.opts}
    lines = []
    for name, section in Settings():
        lines += [f"### {name}", "", f"{type(section).__doc__}", ""]
        for key, field in type(section).model_fields.items():
            flag = f"--{key.replace('_', '-')}"
            usual = [f"`{flag}`"] if flag in options else []
            choices = choices_of(field)
            ways = ", ".join([*usual, f"`CHARSEQ_{name}_{key}`".upper()])
            lines += [
                f"* **`{key}`** = `{_default(section, key, field)}`: {_literal(field.description)}"
                + (f" One of {', '.join(choices)}." if choices else ""),
                f"  ({ways})",
            ]
        lines.append("")
    return "\n".join(lines)


def _default(section: Section, key: str, field: Any) -> str:
    value = getattr(section, key)
    if is_duration(field):
        return format_duration(value)
    if may_be_auto(field):
        return "auto"
    if isinstance(value, tuple):
        return " ".join(value)
    return '""' if value == "" else f"{value}"


# ---- layers


def layers_part() -> str:
    """Return the layers, the highest first: a module imports only from lines below its own."""
    lines = ["| layer | modules and packages of `charseq/` |", "|---|---|"]
    for number, names in reversed(list(enumerate(LAYERS))):
        lines.append(f"| {number} | {', '.join(f'`{name}`' for name in names)} |")
    return "\n".join([*lines, ""])


PARTS: dict[str, Callable[..., str]] = {
    "command": command_part,
    "settings": settings_part,
    "layers": layers_part,
    "fields": field_tables,
}
