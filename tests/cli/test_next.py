"""charseq next: what comes after a prefix of any length, from the command line or from a pipe."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from charseq.registry import REPORTS
from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Predictor
from tests.builders import json_rows, refusal
from tests.cli.conftest import Call, Feed, Outcome, StandardInput, Workshop

KEYS = [key for key, _ in REPORTS["prediction"].fields()]
QUESTIONS = [("hell", "o"), ("kin", "g"), ("exper", "t")]
LINES = b"hell\to\nkin\tg\nexper\tt\n"
Rows = list[dict[str, Any]]


def predictor_of(run: str) -> Predictor:
    """Return the predictor of a run."""
    checkpoint = Checkpoint.load(Path(run) / "model.safetensors")
    return Predictor(checkpoint.model, checkpoint.codec)


def expected(run: str, prefix: str, target: str | None = None, *, num_top: int = 5) -> dict[str, Any]:
    """Return a row as the predictor gives it."""
    row = asdict(predictor_of(run).predict(prefix, target, num_top=num_top))
    return row | {"top": list(row["top"])}


def rows(call: Call, *arguments: str) -> Rows:
    """Return the rows of a prediction that goes well, with nothing on stderr."""
    return json_rows(call, "next", *arguments)


def lines_of(table: str) -> list[str]:
    """Return a table's lines with single blanks between words."""
    return [" ".join(line.split()) for line in table.splitlines()]


# ---- prefixes as arguments


@pytest.mark.parametrize("run", ["hello", "tales"])
def test_prefixes(call: Call, models: Workshop, run: str) -> None:
    """Each prefix is a row, which has the documented keys and the predictor's figures."""
    model, prefixes = getattr(models, run), ["hell", "", "Ż", "kin"]
    answers = rows(call, model, *prefixes)
    assert [list(row) for row in answers] == [KEYS] * 4
    assert answers == [expected(model, prefix) for prefix in prefixes]
    assert all(row["target"] is row["probability"] is row["rank"] is row["bits"] is None for row in answers)


@pytest.mark.parametrize("number", [0, 1, 9])
def test_top(call: Call, models: Workshop, number: int) -> None:
    """--top says how many guesses there are; they are sorted."""
    (row,) = rows(call, models.hello, "hell", "--top", f"{number}")
    assert row == expected(models.hello, "hell", num_top=number)
    shares = [guess["probability"] for guess in row["top"]]
    assert len(shares) == number
    assert shares == sorted(shares, reverse=True)


def test_the_newest_model(call: Call, models: Workshop) -> None:
    """Without a model the newest one answers, and is named on stderr."""
    code, out, err = call("next", "hell", "--format", "json")
    assert code == 0
    assert err == f"charseq: using the newest model, {models.hello}/model.safetensors\n"
    assert json.loads(out) == [expected(models.hello, "hell")]


# ---- prefixes from a pipe


def test_targets_from_standard_input(call: Call, models: Workshop, feed: Feed) -> None:
    """A line is a prefix, and after a tab the character that should follow."""
    feed(LINES)
    answers = rows(call, models.hello)
    assert answers == [expected(models.hello, prefix, target) for prefix, target in QUESTIONS]
    assert all(row["rank"] == 1 and row["probability"] > 0.5 for row in answers)
    assert [list(row) for row in answers] == [KEYS] * 3


def test_prefixes_from_standard_input(call: Call, models: Workshop, feed: Feed) -> None:
    """Without a tab a line is a prefix; an empty one and a last one without a newline count too."""
    feed(b"hell\n\nkin\r\n exper")
    answers = rows(call, models.hello)
    assert answers == [expected(models.hello, prefix) for prefix in ("hell", "", "kin", " exper")]


def test_tsv(call: Call, models: Workshop, feed: Feed) -> None:
    """Tab-separated values are a header and a line each; what is not there is empty."""
    feed(LINES + b"hell\n")
    code, out, err = call("next", models.hello, "--format", "tsv")
    assert (code, err) == (0, "")
    header, *lines = [line.split("\t") for line in out.removesuffix("\n").split("\n")]
    assert header == KEYS
    for line, (prefix, target) in zip(lines, [*QUESTIONS, ("hell", None)], strict=True):
        row = expected(models.hello, prefix, target)
        assert line[:2] == [prefix, target or ""]
        assert line[2:5] == [repr(row[key]) if target else "" for key in KEYS[2:5]]
        assert float(line[5]) == row["entropy"]
        assert json.loads(line[6]) == row["top"]


def test_the_whole_table(call: Call, models: Workshop, feed: Feed) -> None:
    """A line for each line of standard input, with the figures of its row."""
    feed(LINES + b"hell\n")
    code, out, err = call("next", models.hello, "--top", "0")
    assert (code, err) == (0, "")
    header, _, *lines = lines_of(out)
    assert header == "prefix target p rank bits perplexity likeliest next, with p"
    assert [line.split()[:2] for line in lines] == [*map(list, QUESTIONS), ["hell"]]
    row = expected(models.hello, "hell", "o")
    assert lines[0].split()[2:5] == [f"{row['probability']:.4f}", "1", f"{row['bits']:.3f}"]


def test_a_target_that_is_unseen(call: Call, models: Workshop, feed: Feed) -> None:
    """A character that the model never met has rank 0 and a price."""
    feed("hell\tŻ\n".encode())
    (row,) = rows(call, models.hello)
    assert row == expected(models.hello, "hell", "Ż")
    assert row["rank"] == 0
    assert row["bits"] > 16


def test_a_space_is_a_target(call: Call, models: Workshop, feed: Feed) -> None:
    """A space after the tab is a character like any other."""
    feed(b"hell\t \n")
    assert rows(call, models.tales) == [expected(models.tales, "hell", " ")]


@pytest.mark.parametrize(("name", "shown"), [("json", "[]\n"), ("tsv", "")])
def test_nothing_asked(call: Call, models: Workshop, feed: Feed, name: str, shown: str) -> None:
    """No questions, no answers: still what the format calls nothing."""
    feed(b"")
    assert call("next", models.hello, "--format", name) == Outcome(0, shown, "")


def test_a_terminal_is_told_what_to_do(call: Call, models: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who types the prefixes is told so, on stderr."""

    class Terminal(StandardInput):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(LINES))
    code, out, err = call("next", models.hello, "--format", "json")
    assert code == 0
    assert len(json.loads(out)) == 3
    assert err == "charseq: reading prefixes from the terminal, one per line; Ctrl-D ends\n"


@pytest.mark.parametrize("target", ["\t", "\n", "\\", "\x1b"])
def test_the_escapes_of_tsv_are_read_back(call: Call, models: Workshop, feed: Feed, target: str) -> None:
    """What TSV writes as an escape is understood in a pipe, in a prefix too."""
    escaped = {"\\": r"\\"}.get(target, target.encode("unicode_escape").decode())
    feed(f"a\\tb\t{escaped}\n".encode())
    code, out, _ = call("next", models.tales, "--format", "json")
    assert code == 0
    (row,) = json.loads(out)
    assert (row["prefix"], row["target"]) == ("a\tb", target)


def test_what_next_writes_it_reads(call: Call, models: Workshop, feed: Feed) -> None:
    """Rows of JSON are questions again; their other keys mean nothing."""
    feed(b"hell\to\nkin\tg\\n\nexper\n")
    first = call("next", models.hello, "--format", "jsonl").out
    feed(first.encode())
    assert call("next", models.hello, "--format", "jsonl").out == first
    assert [json.loads(line)["target"] for line in first.splitlines()] == ["o", "g\n", None]


def test_a_prefix_that_looks_like_json_is_a_prefix(call: Call, models: Workshop, feed: Feed) -> None:
    """Only an object with a prefix is a question in JSON."""
    feed(b'{"a": 1}\n{\n')
    rows = [json.loads(line) for line in call("next", models.hello, "--format", "jsonl").out.splitlines()]
    assert [row["prefix"] for row in rows] == ['{"a": 1}', "{"]


# ---- refusals


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        (b"hell\to\nkin\t\n", "line 2, column 5: the target is empty: leave out the tab"),
        (b'{"prefix": "a"}\nkin\n', "line 2, column 1: not JSON: Expecting value"),
        (b'{"prefix": 1}\n', 'line 1: must be such as {"prefix": "hell", "target": "o"}'),
        (b'{"prefix": "a", "target": ""}\n', 'line 1: must be such as {"prefix": "hell", "target": "o"}'),
    ],
)
def test_a_wrong_question_is_refused(
    call: Call, models: Workshop, feed: Feed, raw: bytes, complaint: str
) -> None:
    """With its line, and with its column where there is one."""
    feed(raw)
    outcome = call("next", models.hello, "--format", "json")
    assert (outcome.code, outcome.err) == (2, f"charseq: error: standard input: {complaint}\n")


@pytest.mark.parametrize(
    ("name", "hint"), [("yml", " (did you mean 'yaml'?)"), ("jsn", " (did you mean 'json'?)")]
)
def test_unknown_format(call: Call, models: Workshop, name: str, hint: str) -> None:
    """An unknown format is refused with the known ones."""
    code, out, err = call("next", models.hello, "hell", "--format", name)
    message = f"--format must be one of table, json, jsonl, yaml, tsv, csv, html; got {name!r}{hint}"
    assert (code, out, err) == refusal(message)


def test_a_wrong_number_of_guesses(call: Call, models: Workshop) -> None:
    """A negative number of guesses is refused."""
    code, out, err = call("next", models.hello, "hell", "--top", "-1")
    assert (code, out) == (2, "")
    assert err.startswith("charseq: error: Invalid value for '--top': ")
    assert err.count("\n") == 1


def test_a_prefix_that_is_also_a_file(call: Call, models: Workshop) -> None:
    """Only what names a model is taken as one: a file of another kind is a prefix."""
    code, out, _ = call("next", "data/hello.txt", "--format", "json")
    assert code == 0
    assert json.loads(out)[0]["prefix"] == "data/hello.txt"


@pytest.mark.parametrize("prefix", ["and/or", "</p", "a/", "h" * 300, "a/" + "h" * 300, "", "a\0b"])
def test_a_prefix_that_looks_like_a_path(call: Call, models: Workshop, prefix: str) -> None:
    """A slash makes no model of a prefix, nor does a length that no file name has."""
    code, out, err = call("next", prefix, "--format", "json")
    assert code == 0
    assert err == f"charseq: using the newest model, {models.hello}/model.safetensors\n"
    assert json.loads(out) == [expected(models.hello, prefix)]


@pytest.mark.parametrize("name", ["runs/nope", "x.safetensors", "runs/hello/best.safetensors"])
def test_a_model_that_is_not_there(call: Call, models: Workshop, name: str) -> None:
    """What lies in a folder that is there, or is called a model, is no prefix."""
    message = f"{name}: no such model; give a run directory or a .safetensors file"
    assert call("next", name, "hell") == refusal(message)


@pytest.mark.parametrize("option", ["-m", "--model"])
def test_a_model_can_be_named_by_an_option(call: Call, models: Workshop, option: str) -> None:
    """All arguments are prefixes then, even one that is called like a model."""
    prefixes = ("hell", "runs/hello", "x.safetensors")
    assert rows(call, option, models.tales, *prefixes) == [expected(models.tales, one) for one in prefixes]


def test_a_model_among_the_prefixes_is_refused(call: Call, models: Workshop) -> None:
    """It was meant as the model, and the message says where that belongs."""
    message = "runs/hello: a model among the prefixes: the model comes first, or is given by -m"
    assert call("next", "hell", "runs/hello") == refusal(message)
    assert call("next", "runs/tales", "hell", "runs/hello") == refusal(message)


@pytest.mark.parametrize("name", ["table", "tsv", "json"])
def test_standard_input_is_closed(
    call: Call, models: Workshop, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Without prefixes and without a standard input there is nothing to read."""
    monkeypatch.setattr(sys, "stdin", None)
    assert call("next", models.hello, "--format", name) == refusal("standard input: is closed", 1)
