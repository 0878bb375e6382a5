"""Rows for programs: their names, their numbers, and three formats that give them back."""

import io
import json
import math
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.predictor import Guess, Prediction
from charseq.reports import REPORTS, Row, evaluation_row, prediction_row, write_rows
from charseq.score import Score

SCORE = Score(
    num_chars=8, num_bytes=10, num_words=2, num_unseen=1, num_top1=2, num_top5=4, nats=8 * math.log(4)
)
SEEN = Score(num_chars=7, num_bytes=9, num_top1=2, num_top5=4, nats=7 * math.log(2))
PREDICTION = Prediction("hell", "o", 0.5, 1, 1.0, 2.5, (Guess("o", 0.5), Guess("\n", 0.25)))

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


def unescaped(cell: str) -> str:
    r"""Undo \\, \t, \n and \r."""
    pairs = {"\\": "\\", "t": "\t", "n": "\n", "r": "\r"}
    chars = iter(cell)
    return "".join(pairs[next(chars)] if char == "\\" else char for char in chars)


# ---- rows


def test_evaluation_row() -> None:
    """The row of a text has the documented keys in their order, unrounded."""
    row = evaluation_row("a.txt", SCORE, SEEN, seconds=0.5)
    assert list(row) == [
        *("text", "num_chars", "num_bytes", "num_unseen", "nats_per_char", "bits_per_char"),
        *("bits_per_byte", "perplexity", "word_perplexity", "accuracy", "top5_accuracy"),
        *("seen_bits_per_char", "seen_perplexity", "chars_per_second"),
    ]
    assert (row["text"], row["num_chars"], row["num_bytes"], row["num_unseen"]) == ("a.txt", 8, 10, 1)
    assert row["nats_per_char"] == SCORE.nats_per_char
    assert row["bits_per_char"] == pytest.approx(2)
    assert row["bits_per_byte"] == pytest.approx(1.6)
    assert row["perplexity"] == pytest.approx(4)
    assert row["word_perplexity"] == pytest.approx(4**4)
    assert (row["accuracy"], row["top5_accuracy"]) == (0.25, 0.5)
    assert row["seen_bits_per_char"] == pytest.approx(1)
    assert row["seen_perplexity"] == pytest.approx(2)
    assert row["chars_per_second"] == 16


def test_a_clock_that_stands_still() -> None:
    """A text that took no time has no speed."""
    assert math.isnan(evaluation_row("a.txt", SCORE, SEEN, seconds=0)["chars_per_second"])


def test_prediction_row() -> None:
    """The row of a prediction has the documented keys in their order."""
    assert list(prediction_row(PREDICTION).items()) == [
        ("prefix", "hell"),
        ("target", "o"),
        ("probability", 0.5),
        ("rank", 1),
        ("bits", 1.0),
        ("entropy", 2.5),
        ("top", [{"char": "o", "probability": 0.5}, {"char": "\n", "probability": 0.25}]),
    ]


def test_prediction_row_without_a_target() -> None:
    """What depends on a target is None where there is none."""
    row = prediction_row(Prediction("hell", None, None, None, None, 2.5, ()))
    assert [row[key] for key in ("target", "probability", "rank", "bits")] == [None] * 4
    assert row["top"] == []


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


def _without_infinity(value: Any) -> Any:
    return None if isinstance(value, float) and math.isinf(value) else value


@settings(max_examples=50)
@given(tables)
def test_yaml_gives_rows_back(rows: list[Row]) -> None:
    """YAML is one list with the keys in their order."""
    parsed = yaml.safe_load(written(rows, "yaml"))
    assert parsed == rows
    assert all(list(row) == ["a", "b", "c"] for row in parsed)


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
            if value is None:
                assert cell == ""
            elif isinstance(value, bool):
                assert cell == ("true" if value else "false")
            elif isinstance(value, str):
                assert unescaped(cell) == value
            else:
                assert type(value)(cell) == value


def test_numbers_are_not_rounded() -> None:
    """Every digit survives every format."""
    rows: list[Row] = [{"number": 0.1 + 0.2}]
    assert json.loads(written(rows, "json")) == rows
    assert yaml.safe_load(written(rows, "yaml")) == rows
    assert written(rows, "tsv") == "number\n0.30000000000000004\n"


def test_numbers_that_json_lacks() -> None:
    """They become null, in lists too."""
    rows: list[Row] = [{"a": math.nan, "b": [{"c": -math.inf}, 1.5], "d": True}]
    assert json.loads(written(rows, "json")) == [{"a": None, "b": [{"c": None}, 1.5], "d": True}]


def test_truth_in_tsv() -> None:
    """Booleans are written as JSON has them, numbers that JSON lacks as Python has them."""
    rows: list[Row] = [{"a": True, "b": False, "c": math.nan, "d": -math.inf, "e": None, "f": 1}]
    assert written(rows, "tsv") == "a\tb\tc\td\te\tf\ntrue\tfalse\tnan\t-inf\t\t1\n"


def test_lists_in_tsv() -> None:
    """A list is JSON in its cell, and brings no tab or newline along."""
    header, line = written([prediction_row(PREDICTION)], "tsv").removesuffix("\n").split("\n")
    top = line.split("\t")[header.split("\t").index("top")]
    assert json.loads(top) == [{"char": "o", "probability": 0.5}, {"char": "\n", "probability": 0.25}]


def test_text_is_readable() -> None:
    """Letters of all scripts are written as they are."""
    assert all("żółw 안녕" in written([{"a": "żółw 안녕"}], name) for name in REPORTS)


def test_half_a_character_is_still_json() -> None:
    """A lone surrogate, as in an argument that is not UTF-8, is written so that a file can hold it."""
    text = written([{"a": "he\udcff"}], "json")
    text.encode("utf-8")
    assert json.loads(text) == [{"a": "he\udcff"}]


@pytest.mark.parametrize(("name", "shown"), [("json", "[]\n"), ("yaml", "[]\n"), ("tsv", "")])
def test_no_rows(name: str, shown: str) -> None:
    """Nothing is what the format calls nothing."""
    assert written([], name) == shown


@pytest.mark.parametrize("name", ["json", "tsv"])
def test_rows_are_written_as_they_come(name: str) -> None:
    """A row is in the file before the next one is asked for."""
    file = io.StringIO()

    def rows() -> Any:
        yield {"a": "first"}
        assert "first" in file.getvalue()
        yield {"a": "second"}

    write_rows(rows(), name, file)
    assert "second" in file.getvalue()


def test_unknown_format() -> None:
    """There is no other format."""
    assert list(REPORTS) == ["json", "yaml", "tsv"]
    with pytest.raises(KeyError):
        write_rows([], "xml", io.StringIO())
