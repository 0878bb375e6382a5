"""Rows for programs: their names, their numbers, and five formats that give them back."""

import csv
import io
import json
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from charseq.analysis.calibration import Bin
from charseq.analysis.figures import Figures
from charseq.analysis.hardest import HardChar
from charseq.analysis.ranking import Group
from charseq.reports import (
    REPORTS,
    Row,
    calibration_row,
    evaluation_row,
    group_rows,
    hardest_row,
    prediction_row,
    write_rows,
)
from charseq.reports.formats import write_json
from charseq.scoring.predictor import Guess, Prediction
from charseq.scoring.score import Score
from charseq.scoring.scorer import Surprisal

SCORE = Score(
    num_chars=8, num_bytes=10, num_words=2, num_unseen=1, num_top1=2, num_top5=4, nats=8 * math.log(4)
)
GROUP = Group("the ", 5, SCORE)
GROUP_KEYS = [
    *("report", "group", "count", "file", "offset", "share", "num_chars", "num_unseen", "nats", "bits"),
    *("nats_per_char", "bits_per_char", "perplexity", "accuracy"),
]
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
    r"""Undo \\, \t, \n, \r, and \x1b and its like."""
    escape = r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|[\\tnr])"
    return re.sub(escape, lambda found: found[0].encode().decode("unicode_escape"), cell)


# ---- rows


def figures_of(
    nats: list[float], ranks: list[int], *, num_words: int = 0, seconds: float = 0.5, pieces: int = 1
) -> Figures:
    """Return the figures of a text of two-byte characters that begins a piece anew `pieces` times."""
    figures = Figures()
    for _ in range(pieces):
        surprisal = Surprisal(
            np.array(nats),
            np.array(ranks, np.int32),
            np.full(len(nats), 0.5),
            np.full(len(nats), 2, np.int32),
            num_words,
        )
        figures.add(surprisal, seconds=seconds / pieces)
    return figures


def test_evaluation_row() -> None:
    """The row of a text has the documented keys in their order, unrounded."""
    figures = figures_of([math.log(2), math.log(2), 6 * math.log(2), math.log(16)], [1, 4, 0, 9], num_words=2)
    row = evaluation_row(figures, model="runs/a", text="a.txt")
    assert list(row) == [
        *("report", "model", "text", "num_chars", "num_bytes", "num_unseen"),
        *("nats_per_char", "bits_per_char", "bits_per_char_error", "bits_per_byte"),
        *("perplexity", "word_perplexity", "accuracy", "top5_accuracy"),
        *("seen_bits_per_char", "seen_perplexity", "calibration_error", "chars_per_second"),
    ]
    assert (row["report"], row["model"], row["text"]) == ("text", "runs/a", "a.txt")
    assert (row["num_chars"], row["num_bytes"], row["num_unseen"]) == (4, 8, 1)
    assert row["nats_per_char"] == figures.score.nats_per_char
    assert row["bits_per_char"] == pytest.approx(3)
    assert row["bits_per_byte"] == pytest.approx(1.5)
    assert row["perplexity"] == pytest.approx(8)
    assert row["word_perplexity"] == pytest.approx(8**2)
    assert (row["accuracy"], row["top5_accuracy"]) == (0.25, 0.5)
    assert row["seen_bits_per_char"] == pytest.approx(2)
    assert row["seen_perplexity"] == pytest.approx(4)
    assert row["calibration_error"] == 0.25
    assert row["chars_per_second"] == 8


def test_the_standard_error_of_a_row() -> None:
    """The standard error is there where the text has blocks enough, and else not a number."""
    long = figures_of([1.0, 2.0, 3.0], [1, 2, 3], pieces=256 * 3)
    row = evaluation_row(long, model="runs/a", text="a.txt")
    assert row["bits_per_char_error"] == long.standard_error
    assert 0 < row["bits_per_char_error"] < 0.01
    short = evaluation_row(figures_of([1.0], [1]), model="runs/a", text="a.txt")
    assert math.isnan(short["bits_per_char_error"])


def test_a_clock_that_stands_still() -> None:
    """A text that took no time has no speed."""
    row = evaluation_row(figures_of([1.0], [1], seconds=0), model="runs/a", text="a.txt")
    assert math.isnan(row["chars_per_second"])


def test_group_rows() -> None:
    """The row of a group has the documented keys in their order, unrounded, and its share of the total."""
    line = Group("x", 1, SCORE, "a.txt", 17)
    first, second = group_rows("line", [GROUP, line], replace(SCORE, nats=4 * SCORE.nats))
    assert list(first) == list(second) == GROUP_KEYS
    assert [first[key] for key in GROUP_KEYS[:7]] == ["line", "the ", 5, None, None, 0.25, 8]
    assert [second[key] for key in GROUP_KEYS[:7]] == ["line", "x", 1, "a.txt", 17, 0.25, 8]
    assert first["nats"] == SCORE.nats
    assert first["bits"] == pytest.approx(16)
    assert (first["share"], first["accuracy"]) == (0.25, 0.25)
    assert first["nats_per_char"] == SCORE.nats_per_char
    assert first["bits_per_char"] == pytest.approx(2)
    assert first["perplexity"] == pytest.approx(4)


def test_a_group_without_a_name() -> None:
    """What is left of other groups has the group None."""
    (row,) = group_rows("char", [Group(None, 2, SCORE)], SCORE)
    assert (row["group"], row["share"]) == (None, 1)


def test_chunks_have_a_running_mean() -> None:
    """A chunk also has the mean of all characters up to its end, however long the chunks are."""
    long = Score(num_chars=24, nats=24 * math.log(16))
    chunks = [replace(GROUP, so_far=GROUP.score), Group("b", 1, long, "a.txt", 8, GROUP.score + long)]
    rows = group_rows("chunk", chunks, SCORE + long)
    assert [list(row) for row in rows] == [[*GROUP_KEYS, "running_bits_per_char"]] * 2
    running = [row["running_bits_per_char"] for row in rows]
    assert running == pytest.approx([2, (8 * 2 + 24 * 4) / 32])


def test_groups_that_cost_nothing() -> None:
    """Of a total of nothing there are no shares, and a group of no characters has no means."""
    (row,) = group_rows("file", [Group("a.txt", 1, Score(), "a.txt")], Score())
    assert all(math.isnan(row[key]) for key in ("share", "nats_per_char", "perplexity", "accuracy"))
    assert (row["nats"], row["bits"]) == (0, 0)


def test_hardest_row() -> None:
    """The row of a surprising character has the documented keys, and its guesses as characters."""
    hard = HardChar("a.txt", 9, "be", "x", "af", 3.0, 0, [1, 0], [0.5, 0.25])
    assert list(hardest_row(hard, ("a", "\n")).items()) == [
        *(("report", "hardest"), ("bits", 3.0), ("probability", 0.125), ("rank", 0)),
        *(("char", "x"), ("before", "be"), ("after", "af"), ("file", "a.txt"), ("offset", 9)),
        ("top", [{"char": "\n", "probability": 0.5}, {"char": "a", "probability": 0.25}]),
    ]


def test_calibration_row() -> None:
    """The row of a class of confidence has the documented keys in their order."""
    assert list(calibration_row(Bin(0.25, 0.5, 7, 0.375, 0.5)).items()) == [
        *(("report", "calibration"), ("low", 0.25), ("high", 0.5)),
        *(("num_chars", 7), ("confidence", 0.375), ("accuracy", 0.5)),
    ]


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


def test_other_columns_have_a_header_of_their_own() -> None:
    """Where rows have other columns than those before, an empty line and another header come first."""
    rows: list[Row] = [{"a": 1, "b": 2}, {"a": 3, "b": 4}, {"b": 5, "a": 6}, {"a": "x"}, {"a": "y"}]
    assert written(rows, "tsv") == "a\tb\n1\t2\n3\t4\n\nb\ta\n5\t6\n\na\nx\ny\n"
    assert written(rows, "csv") == "a,b\n1,2\n3,4\n\nb,a\n5,6\n\na\nx\ny\n"


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
    header, line = written([prediction_row(PREDICTION)], "tsv").removesuffix("\n").split("\n")
    top = line.split("\t")[header.split("\t").index("top")]
    assert json.loads(top) == [{"char": "o", "probability": 0.5}, {"char": "\n", "probability": 0.25}]


def test_lists_in_csv() -> None:
    """A list is JSON in its cell, quotes and all."""
    (row,) = csv.DictReader(io.StringIO(written([prediction_row(PREDICTION)], "csv"), newline=""))
    assert json.loads(row["top"]) == prediction_row(PREDICTION)["top"]


def test_text_is_readable() -> None:
    """Letters of all scripts are written as they are."""
    assert all("żółw 안녕" in written([{"a": "żółw 안녕"}], name) for name in REPORTS)


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
    assert list(REPORTS) == ["json", "jsonl", "yaml", "tsv", "csv"]
    with pytest.raises(KeyError):
        write_rows([], "xml", io.StringIO())
