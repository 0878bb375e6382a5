"""Rows for programs: five formats that give them back."""

import csv
import io
import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from charseq.registry import FORMATS
from charseq.reports import Row, write_rows
from charseq.reports.formats import unescaped, write_json

TOP = [{"char": "o", "probability": 0.5}, {"char": "\n", "probability": 0.25}]

cells = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False)),
    st.text(st.characters(codec="utf-8")),
)
tables = st.lists(
    st.tuples(cells, cells, cells).map(lambda row: dict(zip("abc", row, strict=True))), max_size=4
)


def written(rows: list[Row], format_name: str) -> str:
    """Return what a format writes."""
    file = io.StringIO()
    write_rows(iter(rows), format_name, file)
    return file.getvalue()


# ---- formats


@settings(max_examples=50)
@given(tables)
def test_json_gives_rows_back(rows: list[Row]) -> None:
    """JSON is one list, a row a line; infinity becomes null."""
    text = written(rows, "json")
    parsed = json.loads(text, parse_constant=pytest.fail)
    assert parsed == [{key: _without_infinity(value) for key, value in row.items()} for row in rows]
    assert text.endswith("]\n")
    assert text.count("\n") == max(1, len(rows))


def test_json_before_an_error_is_a_list() -> None:
    """What was written before the rows ended in an error is a whole list."""

    def rows() -> Iterator[Row]:
        yield {"a": 1}
        raise ZeroDivisionError

    file = io.StringIO()
    with pytest.raises(ZeroDivisionError):
        write_json(rows(), file)
    assert json.loads(file.getvalue()) == [{"a": 1}]


def _without_infinity(value: Any) -> Any:
    return None if isinstance(value, float) and math.isinf(value) else value


@settings(max_examples=50)
@given(tables)
def test_jsonl_gives_rows_back(rows: list[Row]) -> None:
    """A line of JSON is a row, whatever is in it; infinity becomes null."""
    lines = written(rows, "jsonl").split("\n")
    assert lines.pop() == ""
    parsed = [json.loads(line, parse_constant=pytest.fail) for line in lines]
    assert parsed == [{key: _without_infinity(value) for key, value in row.items()} for row in rows]


@settings(max_examples=50)
@given(tables)
def test_yaml_gives_rows_back(rows: list[Row]) -> None:
    """YAML is one list with the keys in their order."""
    parsed = yaml.safe_load(written(rows, "yaml"))
    assert parsed == rows
    assert all(list(row) == ["a", "b", "c"] for row in parsed)


def assert_same_cell(cell: str, value: Any) -> None:
    """Compare a cell of a table with what it was written from."""
    if value is None:
        assert cell == ""
    elif isinstance(value, bool):
        assert cell == ("true" if value else "false")
    else:
        assert type(value)(cell) == value


@settings(max_examples=50)
@given(tables.filter(bool))
def test_tsv_gives_rows_back(rows: list[Row]) -> None:
    """A line of tab-separated values has as many cells as the header, whatever is in them."""
    lines = written(rows, "tsv").split("\n")
    assert lines.pop() == ""
    assert lines.pop(0) == "a\tb\tc"
    for line, row in zip(lines, rows, strict=True):
        assert "\r" not in line
        for cell, value in zip(line.split("\t"), row.values(), strict=True):
            assert_same_cell(unescaped(cell) if isinstance(value, str) else cell, value)


@settings(max_examples=50)
@given(tables.filter(bool))
@example([{"a": 'said "x", then\nleft', "b": "\n", "c": "\r\n"}])
@example([{"a": "\r", "b": "x\ry", "c": ""}])
def test_csv_gives_rows_back(rows: list[Row]) -> None:
    """What reads comma-separated values as RFC 4180 has them gets every cell back, whatever is in it."""
    header, *lines = csv.reader(io.StringIO(written(rows, "csv"), newline=""), strict=True)
    assert header == ["a", "b", "c"]
    for line, row in zip(lines, rows, strict=True):
        for cell, value in zip(line, row.values(), strict=True):
            assert_same_cell(cell, value)


@pytest.mark.parametrize("name", ["tsv", "csv"])
def test_a_table_holds_rows_with_the_same_fields(name: str) -> None:
    """Rows of another report are a mistake of the program, not another table."""
    rows: list[Row] = [{"a": 1, "b": 2}, {"b": 5, "a": 6}]
    with pytest.raises(ValueError, match=r"^rows of different reports in one table$"):
        written(rows, name)


def test_numbers_are_not_rounded() -> None:
    """Every digit survives every format."""
    rows: list[Row] = [{"number": 0.1 + 0.2}]
    assert json.loads(written(rows, "json")) == rows
    assert yaml.safe_load(written(rows, "yaml")) == rows
    assert json.loads(written(rows, "jsonl")) == rows[0]
    assert written(rows, "tsv") == written(rows, "csv") == "number\n0.30000000000000004\n"


def test_numbers_that_json_lacks() -> None:
    """They become null, in lists too."""
    rows: list[Row] = [{"a": math.nan, "b": [{"c": -math.inf}, 1.5], "d": True}]
    expected = {"a": None, "b": [{"c": None}, 1.5], "d": True}
    assert json.loads(written(rows, "json")) == [expected]
    assert json.loads(written(rows, "jsonl")) == expected


def test_truth_in_tables() -> None:
    """Booleans are written as JSON has them, numbers that JSON lacks as Python has them."""
    rows: list[Row] = [{"a": True, "b": False, "c": math.nan, "d": -math.inf, "e": None, "f": 1}]
    assert written(rows, "tsv") == "a\tb\tc\td\te\tf\ntrue\tfalse\tnan\t-inf\t\t1\n"
    assert written(rows, "csv") == "a,b,c,d,e,f\ntrue,false,nan,-inf,,1\n"


@pytest.mark.parametrize("char", ["\x1b", "\x7f", "\x9b", "\x00", "\u202e", "\u2028", "\u2066"], ids=ascii)
@pytest.mark.parametrize("name", ["json", "jsonl", "yaml", "tsv"])
def test_controls_are_escaped(name: str, char: str) -> None:
    """What a terminal would obey is written as an escape; what joins or separates letters is not."""
    shown = written([{"text": f"a{char}b\u200c\u00a0c"}], name)
    assert char not in shown
    assert f"a{ascii(char)[1:-1]}" in shown or f"a\\u{ord(char):04x}" in shown or name == "yaml"
    assert "\u200c\u00a0c" in shown or name == "yaml"


def test_lists_in_tsv() -> None:
    """A list is JSON in its cell, and brings no tab or newline along."""
    header, line = written([{"x": 1, "top": TOP}], "tsv").removesuffix("\n").split("\n")
    top = line.split("\t")[header.split("\t").index("top")]
    assert json.loads(top) == TOP


def test_lists_in_csv() -> None:
    """A list is JSON in its cell, quotes and all."""
    (row,) = csv.DictReader(io.StringIO(written([{"x": 1, "top": TOP}], "csv"), newline=""))
    assert json.loads(row["top"]) == TOP


def test_text_is_readable() -> None:
    """Letters of all scripts are written as they are."""
    assert all("żółw 안녕" in written([{"a": "żółw 안녕"}], name) for name in FORMATS)


def test_half_a_character_is_still_json() -> None:
    """A lone surrogate, as in an argument that is not UTF-8, is written so that a file can hold it."""
    for name in ("json", "jsonl"):
        text = written([{"a": "he\udcff"}], name)
        text.encode("utf-8")
        assert json.loads(text) in ([{"a": "he\udcff"}], {"a": "he\udcff"})


@pytest.mark.parametrize("char", ["\x85", "\u2028", "\ufeff", "\x1b", "\x7f", "\t", "\r", "\n"], ids=ascii)
def test_what_does_not_print_comes_back_from_yaml(char: str) -> None:
    """Characters that YAML would fold, refuse or strip are quoted, at either end and in the middle."""
    rows: list[Row] = [{"a": char, "b": f"{char}x{char}y{char}"}]
    assert yaml.safe_load(written(rows, "yaml")) == rows


@pytest.mark.parametrize(
    ("name", "shown"), [("json", "[]\n"), ("jsonl", ""), ("yaml", "[]\n"), ("tsv", ""), ("csv", "")]
)
def test_no_rows(name: str, shown: str) -> None:
    """Nothing is what the format calls nothing."""
    assert written([], name) == shown


@pytest.mark.parametrize("name", ["json", "jsonl", "tsv", "csv"])
def test_rows_are_written_as_they_come(name: str) -> None:
    """A row is in the file before the next one is asked for."""
    file = io.StringIO()

    def rows() -> Any:
        yield {"a": "first"}
        assert "first" in file.getvalue()
        yield {"a": "second"}

    write_rows(rows(), name, file)
    assert "second" in file.getvalue()


class Counted(io.StringIO):
    """A file that remembers what had been written when it was flushed last."""

    flushed = ""

    def flush(self) -> None:
        self.flushed = self.getvalue()


@pytest.mark.parametrize("name", ["jsonl", "tsv", "csv"])
def test_rows_are_flushed_as_they_come(name: str) -> None:
    """A row has left the buffer before the next one is asked for."""
    file = Counted()

    def rows() -> Any:
        yield {"a": "first"}
        assert "first" in file.flushed
        yield {"a": "second"}

    write_rows(rows(), name, file)
    assert "second" in file.flushed


def test_unknown_format() -> None:
    """There is no other format."""
    assert list(FORMATS) == ["json", "jsonl", "yaml", "tsv", "csv"]
    with pytest.raises(KeyError):
        write_rows([], "xml", io.StringIO())


@given(st.text(st.characters(codec="utf-8")))
@example("\\t")
@example('"\x1b\u2028\\n')
def test_a_field_of_tsv_is_read_back_without_quoting(text: str) -> None:
    """A reader with quoting off gets each field, quotation marks too, and its escapes stand for the text."""
    out = io.StringIO()
    write_rows([{"a": text, "b": "x"}, {"a": '"', "b": "y"}], "tsv", out)
    lines = out.getvalue().split("\n")[:-1]
    read = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert [[unescaped(field) for field in row] for row in read] == [["a", "b"], [text, "x"], ['"', "y"]]
