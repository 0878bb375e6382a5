"""charseq compare --each line: the model that finds each line likeliest."""

import json
from pathlib import Path

import pytest

import charseq
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.directory import find_model
from charseq.scoring import Scorer
from charseq.text.codec import Codec
from tests.builders import refused
from tests.cli.conftest import Call, Feed

ENGLISH, GERMAN = "the rain and the wind\n", "der Regen und der Wind\n"


@pytest.fixture(scope="module")
def _pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from charseq.cli.app import run

    path = tmp_path_factory.mktemp("pair")
    for name, text in (("english", ENGLISH), ("german", GERMAN)):
        (path / f"{name}.txt").write_text(text * 40)
        assert run(["train", f"{path}/{name}.txt", "--ngram", "3", "-o", f"{path}/runs/{name}"]) == 0
    return path


@pytest.fixture
def pair(_pair: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand beside two models of streams, one of English and one of German."""
    monkeypatch.chdir(_pair)
    return _pair


def bits_of(model: str, line: str) -> float:
    """Return the bits of a line that a twin scores alone, as a line model would."""
    checkpoint = Checkpoint.load(find_model(model))
    codec = Codec(checkpoint.codec.tokenizer, "line")
    return float(Scorer(checkpoint.model, codec).score(line + "\n").bits.sum())


def test_each_line_goes_to_the_model_that_finds_it_likeliest(pair: Path, call: Call, feed: Feed) -> None:
    """Its bits and the margin are those of the line alone; labels are found, and counted at the end."""
    raw = "the wind\tEnglish\nder Wind\tgerman\nand the\nund\tenglish"
    feed(raw.encode())
    done = call("compare", "runs/english", "runs/german", "--each", "line", "--format", "jsonl")
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 0
    assert done.err == "charseq: 2 of 3 labels were found: accuracy 0.6667\n"
    assert [row["model"] for row in rows] == ["english", "german", "english", "german"]
    assert [row["correct"] for row in rows] == [True, True, None, False]
    assert [row["text"] for row in rows] == ["the wind", "der Wind", "and the", "und"]
    for row in rows:
        assert raw[row["offset"] :].startswith(row["text"])
        low, high = sorted(bits_of(f"runs/{name}", row["text"]) for name in ("english", "german"))
        assert row["bits"] == pytest.approx(low, abs=1e-6)
        assert row["margin"] == pytest.approx(high - low, abs=1e-6)


def test_rows_are_tsv_and_quiet_without_labels(pair: Path, call: Call, feed: Feed) -> None:
    """The first field is the margin, to sort by."""
    feed(b"the wind\n")
    done = call("compare", "-m", "runs/english", "-m", "runs/german", "-", "--each", "line")
    assert done.err == ""
    assert done.out.splitlines()[0].split("\t")[:2] == ["margin", "model"]


def test_models_of_targets_are_refused(pair: Path, call: Call) -> None:
    """They find targets likely, not lines."""
    Path("labelled.txt").write_text("a=b\n" * 40)
    options = ("--ngram", "2", "--unit", "line", "--target-after", "=")
    assert call("train", "labelled.txt", *options, "-o", "runs/labelled").code == 0
    outcome = call("compare", "runs/english", "runs/labelled", "english.txt", "--each", "line")
    refused(outcome, "labelled: finds targets likely", code=2)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--each", "word"), "--each must be one of line"),
        (("--each", "line", "--report", "pair"), "leave out the other options"),
        (("--each", "line", "--format", "yaml"), "--format must be one of tsv, csv, jsonl"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    pair: Path, call: Call, options: tuple[str, ...], why: str
) -> None:
    """With a way out."""
    refused(call("compare", "runs/english", "runs/german", "english.txt", *options), why, code=2)


@pytest.mark.parametrize("each", [(), ("--each", "line")], ids=["figures", "each line"])
def test_texts_are_read_in_any_encoding(pair: Path, call: Call, each: tuple[str, ...]) -> None:
    """Files of a directory that fit a pattern, in UTF-16, with bad bytes replaced."""
    Path("texts").mkdir(exist_ok=True)
    Path("texts/a.txt").write_bytes("the wind\nder Wind\n".encode("utf-16") + b"\0\xd8")
    Path("texts/b.log").write_bytes(b"\xff\xfe\xff")
    models, how = ("runs/english", "runs/german"), ("--include", "*.txt", "--encoding", "utf-16")
    done = call("compare", *models, "texts", *each, *how, "--errors", "replace", "--format", "jsonl")
    assert done.code == 0, done.err
    assert "1 place (2 bytes) is not UTF-16-LE and was read as U+FFFD: line 3, column 1" in done.err
    rows = [json.loads(line) for line in done.out.splitlines()]
    if each:
        assert [row["text"] for row in rows] == ["the wind", "der Wind", "\ufffd"]
    else:
        assert {row["num_chars"] for row in rows if row["report"] == "model"} == {19}
    refused(call("compare", *models, "texts", *each, "--encoding", "utf-61"), "no such encoding")


def test_python_attributes_lines_as_the_command_does(pair: Path, call: Call) -> None:
    """The same rows, from files in any encoding."""
    Path("mixed.txt").write_bytes("the wind\tenglish\nder Wind\n".encode("utf-16"))
    models, how = ("runs/english", "runs/german"), ("--encoding", "utf-16")
    done = call("compare", *models, "mixed.txt", "--each", "line", *how, "--format", "jsonl")
    rows = [json.loads(line) for line in done.out.splitlines()]
    found = list(charseq.attribute(models, "mixed.txt", encoding="utf-16"))
    assert [(one.model, one.bits, one.margin) for one in found] == [
        (row["model"], row["bits"], row["margin"]) for row in rows
    ]
    assert [one.is_correct for one in found] == [True, None]
