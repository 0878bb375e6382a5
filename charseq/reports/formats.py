"""Rows for programs: JSON, YAML, tab- and comma-separated values, with unrounded numbers."""

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from charseq.registry import FORMATS
from charseq.reports.column import Row

CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Control characters for a terminal: C0, DEL, C1, line and paragraph separators, changes of direction."""
NO_TEXT = re.compile(f"{CONTROLS.pattern}|[\ud800-\udfff]")
"""Control characters and lone surrogates."""
ESCAPES = re.compile(r"\\(?:[\\tnr]|x[0-9a-f]{2}|u[0-9a-f]{4})")
"""The escapes in TSV for a backslash and for control characters."""


def write_json(rows: Iterable[Row], file: TextIO) -> None:
    """Write the rows as one JSON list, one row per line; nan and infinity become null."""
    separator = "["
    try:
        for row in rows:
            file.write(f"{separator}{_json(row)}")
            separator = ",\n "
    finally:
        if separator != "[":  # after an error, the rows before it are still a complete list
            file.write("]\n")
    if separator == "[":
        file.write("[]\n")


def write_jsonl(rows: Iterable[Row], file: TextIO) -> None:
    """Write each row as a line of JSON, immediately."""
    for row in rows:
        file.write(_json(row) + "\n")
        file.flush()


def write_yaml(rows: Iterable[Row], file: TextIO) -> None:
    """Write the rows as one YAML list."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """A dumper that quotes unprintable texts: PyYAML would turn U+0085 and others into spaces."""

    def represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        return dumper.represent_scalar(
            "tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"'
        )

    Dumper.add_representer(str, represent)
    text = yaml.dump(list(rows), None, Dumper, sort_keys=False, allow_unicode=True)
    file.write(CONTROLS.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text))


def write_tsv(rows: Iterable[Row], file: TextIO) -> None:
    r"""Write a header, and a line for each row, immediately.

    Backslash, tab, newline and carriage return are written \\, \t, \n, \r, other control characters as in
    \x1b. Lists are JSON; None is empty. Raises ValueError unless all rows have the same fields.
    """
    for line in _with_header(rows):
        file.write("\t".join(_cell(_escaped(value)) for value in line) + "\n")
        file.flush()


def write_csv(rows: Iterable[Row], file: TextIO) -> None:
    r"""Write comma-separated values, without escapes: RFC 4180, but with \n at the end of a line."""
    for line in _with_header(rows):
        quoted = io.StringIO()
        csv.writer(quoted).writerow(
            map(_cell, line)
        )  # with the default line end \r\n: with \n, it would not quote \r
        file.write(quoted.getvalue().removesuffix("\r\n") + "\n")
        file.flush()


def _with_header(rows: Iterable[Row]) -> Iterator[list[Any]]:
    """Yield the names of the fields, then the values of each row; yield nothing if there are no rows."""
    fields: list[str] = []
    for row in rows:
        if not fields:
            fields = list(row)
            yield fields
        elif fields != list(row):
            raise ValueError("rows of different reports in one table")
        yield list(row.values())


def write_rows(rows: Iterable[Row], format_name: str, file: TextIO) -> None:
    """Write `rows` in one of the FORMATS."""
    FORMATS[format_name](rows, file)


def _json(value: Any) -> str:
    text = json.dumps(_finite(value), ensure_ascii=False)
    return NO_TEXT.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value


def _escaped(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    escaped = value.replace("\\", r"\\")
    return CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), escaped)


def unescaped(field: str) -> str:
    r"""Return the text of a TSV field: the characters for `\\`, `\t`, `\n`, `\x1b` and so on."""
    return ESCAPES.sub(lambda found: found[0].encode("ascii").decode("unicode_escape"), field)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return repr(value) if isinstance(value, float) else _json(value)
