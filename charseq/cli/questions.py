"""The questions of charseq next on standard input: lines with a prefix and perhaps a target."""

import json
from typing import Any

from charseq.errors import ConfigError

EXAMPLE = '{"prefix": "hell", "target": "o"}'


def is_json(line: str) -> bool:
    """Return whether a line is a JSON object with a prefix."""
    if not line.startswith("{"):
        return False
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and "prefix" in value


def from_tsv(where: str, line: str) -> tuple[str, str | None]:
    """Return the prefix and the target of a line, with the escapes that charseq writes in TSV.

    Raises ConfigError for an empty target; `where` names the line.
    """
    from charseq.reports.formats import unescaped

    prefix, tab, target = line.partition("\t")
    if tab and not target:
        raise ConfigError(f"{where}, column {len(line) + 1}: the target is empty: leave out the tab")
    return unescaped(prefix), unescaped(target) or None


def from_json(where: str, line: str) -> tuple[str, str | None]:
    """Return the prefix and the target of a JSON object; its other keys mean nothing.

    Raises ConfigError for anything else; `where` names the line.
    """
    try:
        value: Any = json.loads(line)
    except json.JSONDecodeError as error:
        raise ConfigError(f"{where}, column {error.colno}: not JSON: {error.msg}") from None
    except (ValueError, RecursionError):
        raise ConfigError(f"{where}: not JSON that can be read") from None
    prefix = value.get("prefix") if isinstance(value, dict) else None
    target = value.get("target") if isinstance(value, dict) else None
    if not isinstance(prefix, str) or not (target is None or (isinstance(target, str) and target)):
        raise ConfigError(f"{where}: must be such as {EXAMPLE}")
    return prefix, target
