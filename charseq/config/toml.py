"""Settings as text: reading TOML files, assignments and environment variables; writing TOML with comments."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BeforeValidator

from charseq.config import AUTO, Escapes, Settings, choices_of, format_duration, parse_duration, parse_threads
from charseq.config.escapes import unescaped
from charseq.errors import ConfigError
from charseq.files import CACHE_VARIABLE, read_small
from charseq.limits import MAX_DOTS


def load_toml(path: Path) -> dict[str, Any]:
    """Return one layer of settings from a TOML file. Raises ConfigError if it cannot be read."""
    try:
        text = read_small(path)
        if any(line.count(".") > MAX_DOTS for line in text.split("\n")):
            raise ValueError(f"a line with more than {MAX_DOTS:,} dots")
        return tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None


def layer_from_assignment(assignment: str) -> dict[str, dict[str, Any]]:
    """Return the layer of "section.key=value". Raises ConfigError for any other form."""
    path, equals, value = assignment.partition("=")
    section, dot, key = path.strip().partition(".")
    if not equals or not dot:
        raise ConfigError(f"{assignment}: must read section.key=value")
    return {section: {key: value_from_text(section, key, value)}}


def layer_from_environment(environment: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the layer of all variables CHARSEQ_SECTION_KEY, such as CHARSEQ_MODEL_CELL=gru."""
    layer: dict[str, dict[str, Any]] = {}
    for variable, value in environment.items():
        if variable.startswith("CHARSEQ_") and variable != CACHE_VARIABLE:
            section, _, key = variable.removeprefix("CHARSEQ_").lower().partition("_")
            layer.setdefault(section, {})[key] = value_from_text(section, key, value)
    return layer


def value_from_text(section: str, key: str, text: str) -> object:
    """Return `text` as a number if the setting is one, as a TOML list if it begins with [, else unchanged.

    Text that cannot be read in this way is also returned unchanged: its error message comes later. Escapes
    are read in settings that may have them. Raises ConfigError for a wrong escape.
    """
    part: Any = Settings.model_fields.get(section)
    field = part.annotation.model_fields.get(key) if part else None
    kind: Any = field.annotation if field else str
    if field and has_escapes(field) and not (kind is not str and text.startswith("[")):
        return unescaped(f"{section}.{key}", text)
    try:
        if kind in (int, float):
            return kind(text)
        if kind is bool:
            return {"true": True, "false": False}.get(text.lower(), text)
        return tomllib.loads(f"value = {text}")["value"] if text.startswith("[") else text
    except (ValueError, RecursionError):
        return text


def to_toml(settings: Settings) -> str:
    """Return all settings as TOML, with a comment above each key that explains it."""
    lines = []
    for name, section in settings:
        lines += [f"# {type(section).__doc__}", f"[{name}]"]
        for key, field in type(section).model_fields.items():
            lines += [
                f"# {field.description}{_allowed(field)}",
                f"{key} = {_toml_value(key, getattr(section, key), field)}",
            ]
        lines.append("")
    return "\n".join(lines)


def has_escapes(field: Any) -> bool:
    """Return True if escapes are read in a setting where a shell or the environment gives it."""
    return any(isinstance(extra, Escapes) for extra in field.metadata)


def is_duration(field: Any) -> bool:
    """Return True if a setting is a time, which is in seconds and written as 30s or 10m."""
    return _is_parsed_by(parse_duration, field)


def may_be_auto(field: Any) -> bool:
    """Return True if a setting is a number that can be written as auto."""
    return _is_parsed_by(parse_threads, field)


def _is_parsed_by(parse: Callable[[object], object], field: Any) -> bool:
    return any(isinstance(extra, BeforeValidator) and extra.func is parse for extra in field.metadata)


def _allowed(field: Any) -> str:
    choices = choices_of(field)
    return f" One of {', '.join(choices)}." if choices else ""


def _toml_value(key: str, value: object, field: Any) -> str:
    if is_duration(field):
        return f'"{format_duration(value)}"'  # type: ignore[arg-type]
    if may_be_auto(field) and value == AUTO:
        return '"auto"'
    if isinstance(value, tuple):
        return f"[{', '.join(_toml_value(key, item, field) for item in value)}]"
    if isinstance(value, str):
        return '"' + "".join(_toml_char(char) for char in value) + '"'
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _toml_char(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    return char if char.isprintable() else f"\\U{ord(char):08x}"
