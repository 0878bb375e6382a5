"""charseq evaluate: the figures of texts, in every format, and of the model's own test part."""

import csv
import io
import json
import math
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from charseq.analysis.evaluation import Evaluation, TextTotals
from charseq.analysis.totals import Totals
from charseq.registry import FORMATS, REPORTS
from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Scorer
from tests.builders import json_rows, refusal
from tests.cli.conftest import TALES, TINY, Call, Feed, Workshop
from tests.reports.test_formats import unescaped

KEYS = [key for key, _ in REPORTS["text"].fields()]
"""The fields of a text; the golden file says which these are."""
COUNTS = ("num_chars", "num_bytes", "num_unseen")
ADAPTATION = ("adapted", "static_nats_per_char", "static_bits_per_char")
TARGETS = ("num_targets", "exact_match", "char_error_rate")
NO_TASK = ("optimum_bits_per_char",)
FIGURES = [key for key in KEYS[7:] if key not in ("chars_per_second", *ADAPTATION, *TARGETS, *NO_TASK)]
LEFT_OUT = ("normalization", "report", "model", "text", "chars_per_second")
UNSEEN = "Żółw, the turtle: 안녕 😀\r\nand a second line\n"
Rows = list[dict[str, Any]]


# ---- reading the formats


def from_jsonl(text: str) -> Rows:
    """Read a row from each line."""
    return [json.loads(line) for line in text.split("\n")[:-1]]


def from_tsv(text: str) -> Rows:
    """Read tab-separated values, with one header."""
    lines = text.removesuffix("\n").split("\n") if text else []
    return _from_table([_undone(cell) for cell in line.split("\t")] for line in lines)


def from_csv(text: str) -> Rows:
    """Read comma-separated values, with one header."""
    return _from_table(csv.reader(io.StringIO(text, newline=""), strict=True))


def _undone(cell: str) -> str:
    return cell if cell.startswith("[") else unescaped(cell)


def _from_table(lines: Iterable[list[str]]) -> Rows:
    header, *rows = [*lines] or [[]]
    return [dict(zip(header, map(_value, row), strict=True)) for row in rows]


def _value(text: str) -> Any:
    """Return a number where there is one, JSON for a list or a truth value, and None for nothing."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return json.loads(text) if text.startswith("[{") or text in ("true", "false") else text or None


READERS: dict[str, Callable[[str], Rows]] = {
    "json": json.loads,
    "jsonl": from_jsonl,
    "yaml": yaml.safe_load,
    "tsv": from_tsv,
    "csv": from_csv,
}
every_format = pytest.mark.parametrize("name", READERS)


def test_every_format_is_read() -> None:
    """The readers here are those of all formats."""
    assert list(READERS) == list(FORMATS)


def rows(call: Call, *arguments: str) -> Rows:
    """Return the rows of an evaluation that goes well, with nothing on stderr."""
    return json_rows(call, "evaluate", *arguments)


def figures(row: dict[str, Any]) -> dict[str, Any]:
    """Return what is the same however often it is measured, but for names; nan where there is none."""
    kept = {key: value for key, value in row.items() if key not in LEFT_OUT}
    return {key: math.nan if value is None or value != value else value for key, value in kept.items()}


def expected(run: str, text: str) -> dict[str, Any]:
    """Return the figures of a text as the evaluator gives them."""
    checkpoint, totals = Checkpoint.load(Path(run) / "model.safetensors"), Totals()
    totals.add(text, Scorer(checkpoint.model, checkpoint.codec).score(text), seconds=1.0)
    (row,) = REPORTS["text"].rows(Evaluation([TextTotals("", "", totals)]))
    return figures(row)


def close(figures: dict[str, Any]) -> Any:
    return pytest.approx(figures, rel=1e-6, nan_ok=True)


def lines_of(table: str) -> list[str]:
    """Return a table's lines with single blanks between words."""
    return [" ".join(line.split()) for line in table.splitlines()]


def parts_of(table: str) -> tuple[list[str], list[str]]:
    """Return the words of a table's header, and the lines below it with single blanks between words."""
    lines = lines_of(table)
    rule = next(k for k, line in enumerate(lines) if set(line) == {"─"})
    return " ".join(lines[:rule]).split(), lines[rule + 1 :]


# ---- texts


@every_format
@pytest.mark.parametrize("run", ["hello", "tales"])
def test_one_text(call: Call, models: Workshop, tmp_path: Path, name: str, run: str) -> None:
    """One text is one row, which parses back, has the documented keys, and the evaluator's figures."""
    (tmp_path / "text.txt").write_bytes(UNSEEN.encode())
    model, text = getattr(models, run), str(tmp_path / "text.txt")
    code, out, err = call("evaluate", model, text, "--format", name)
    assert (code, err) == (0, "")
    (row,) = READERS[name](out)
    assert list(row) == KEYS
    assert (row["report"], row["model"], row["text"]) == ("text", model, text)
    assert row["num_chars"] == len(UNSEEN)
    assert row["num_bytes"] == len(UNSEEN.encode())
    assert row["num_unseen"] > 0
    assert row["chars_per_second"] > 0
    assert figures(row) == close(expected(model, UNSEEN))


def test_the_figures_are_each_others(call: Call, models: Workshop) -> None:
    """The units of one row agree."""
    (row,) = rows(call, models.tales, "data/hello.txt")
    assert row["bits_per_char"] == pytest.approx(row["nats_per_char"] / np.log(2))
    assert row["perplexity"] == pytest.approx(2 ** row["bits_per_char"])
    assert row["bits_per_byte"] * row["num_bytes"] == pytest.approx(row["bits_per_char"] * row["num_chars"])
    assert 0 <= row["accuracy"] <= row["top5_accuracy"] <= 1


@every_format
def test_several_texts(call: Call, models: Workshop, tmp_path: Path, name: str) -> None:
    """Several texts have a row each, in their order, and a last one for all characters together."""
    (tmp_path / "text.txt").write_bytes(UNSEEN.encode())
    texts = ["data/hello.txt", str(tmp_path / "text.txt")]
    out = call("evaluate", models.hello, *texts, "--format", name).out
    first, second, total = READERS[name](out)
    assert [row["text"] for row in (first, second, total)] == [*texts, "total"]
    assert list(first) == list(second) == list(total) == KEYS
    for key in COUNTS:
        assert total[key] == first[key] + second[key]
    nats = [row["nats_per_char"] * row["num_chars"] for row in (first, second, total)]
    assert nats[2] == pytest.approx(nats[0] + nats[1])


def test_each_text_by_itself(call: Call, models: Workshop) -> None:
    """A text's figures do not depend on those that stand beside it."""
    alone = rows(call, models.hello, "data/hello.txt")[0]
    beside = rows(call, models.hello, "data/tales.txt", "data/hello.txt")[1]
    assert figures(beside) == figures(alone)


def test_the_same_text_twice(call: Call, models: Workshop) -> None:
    """A text that is named twice counts twice."""
    first, second, total = rows(call, models.hello, "data/hello.txt", "data/hello.txt")
    assert figures(first) == figures(second)
    assert total["num_chars"] == 2 * first["num_chars"]
    assert total["perplexity"] == pytest.approx(first["perplexity"])


def test_standard_input(call: Call, models: Workshop, feed: Feed) -> None:
    """The text - is standard input."""
    feed(UNSEEN.encode())
    (row,) = rows(call, models.tales, "-")
    assert row["text"] == "standard input"
    assert figures(row) == close(expected(models.tales, UNSEEN))


def test_a_directory(call: Call, models: Workshop, tmp_path: Path) -> None:
    """A directory is as many texts as it has files, in their order; a single one has no total."""
    (tmp_path / "b.txt").write_bytes(UNSEEN.encode())
    assert [row["text"] for row in rows(call, models.tales, str(tmp_path))] == [f"{tmp_path}/b.txt"]
    (tmp_path / "a.txt").write_text("one more")
    first, second, total = rows(call, models.tales, str(tmp_path))
    assert [row["text"] for row in (first, second, total)] == [
        *(f"{tmp_path}/a.txt", f"{tmp_path}/b.txt", "total")
    ]
    assert figures(first) == close(expected(models.tales, "one more"))
    assert figures(second) == close(expected(models.tales, UNSEEN))


def test_a_directory_without_a_model(call: Call, models: Workshop) -> None:
    """A directory that holds no model is a text, even as the only argument."""
    code, out, err = call("evaluate", "data/", "--format", "json")
    assert code == 0
    assert err == f"charseq: using the newest model, {models.hello}/model.safetensors\n"
    assert json.loads(out)[0]["text"] == "data/hello.txt"
    assert [row["text"] for row in json.loads(out)] == [
        *("data/hello.txt", "data/hello.yaml", "data/tales.txt", "total")
    ]


def test_an_empty_text_among_others(call: Call, models: Workshop, tmp_path: Path) -> None:
    """An empty file beside others is a row of no characters, whose figures do not exist."""
    (tmp_path / "empty.txt").touch()
    texts = [str(tmp_path / "empty.txt"), "data/hello.txt"]
    empty, full, total = rows(call, models.hello, *texts)
    assert [row["text"] for row in (empty, full, total)] == [*texts, "total"]
    assert [empty[key] for key in COUNTS] == [0] * 3
    assert {empty[key] for key in FIGURES} == {None}
    assert figures(full) == figures(rows(call, models.hello, "data/hello.txt")[0])
    assert figures(total) == figures(full)
    for name in ("yaml", "tsv", "csv"):
        empty = READERS[name](call("evaluate", models.hello, *texts, "--format", name).out)[0]
        assert empty["num_chars"] == 0
        assert all(math.isnan(empty[key]) for key in FIGURES)
    _, lines = parts_of(call("evaluate", models.hello, *texts).out)
    assert lines[0] == f"{tmp_path}/empty.txt 0 short"


# ---- the model's own test part


def test_the_default_text(call: Call, models: Workshop) -> None:
    """Without a text the test part of the model's own corpus is scored."""
    (row,) = rows(call, models.tales)
    assert row["text"] == "test part"
    text = Path("data/tales.txt").read_text(encoding="utf-8")[7600:]
    assert figures(row) == close(expected(models.tales, text))


def test_the_default_of_all(call: Call, models: Workshop) -> None:
    """Without any argument it is the newest model on its test part."""
    code, out, err = call("evaluate", "--format", "json")
    assert code == 0
    assert err == f"charseq: using the newest model, {models.hello}/model.safetensors\n"
    assert figures(json.loads(out)[0]) == figures(rows(call, models.hello)[0])


def test_training_and_evaluation_agree(call: Call, tmp_path: Path) -> None:
    """The test figure at the end of training is the one that evaluate gives."""
    (tmp_path / "text.txt").write_bytes(TALES[:2000].encode())
    out = call("train", "text.txt", *TINY, "-o", "run").out
    (row,) = rows(call, "run")
    assert (
        f"{row['nats_per_char']:.4f} nats = {row['bits_per_char']:.4f} bits per character, "
        f"{row['bits_per_byte']:.4f} bits per byte, perplexity {row['perplexity']:.3f} (100 characters"
    ) in out.split("test  ")[1].splitlines()[0]


def test_the_test_part_of_a_large_corpus(call: Call, tiny_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test part of a corpus that lies in the cache is scored piece by piece, with the same figures."""
    (small,) = rows(call, "run")
    monkeypatch.setattr("charseq.text.corpus.LARGE_BYTES", 1000)
    monkeypatch.setattr("charseq.text.symbols.PIECE", 30)
    monkeypatch.setenv("CHARSEQ_CACHE_DIR", "cache")
    (large,) = rows(call, "run")
    assert len(list(Path("cache").iterdir())) == 1
    assert figures(large) == close(figures(small))


def test_a_changed_corpus(call: Call, tiny_run: Path) -> None:
    """A corpus that is not the one of the training is refused as a test part."""
    Path("text.txt").write_bytes(TALES[:1999].encode() + b"!")
    code, out, err = call("evaluate", "run")
    assert (code, out) == (1, "")
    assert err.startswith(
        "charseq: error: text.txt: no longer the text that the model was trained on (SHA-256 "
    )
    assert err.endswith("): name a text to score\n")


def test_a_corpus_that_is_gone(call: Call, tiny_run: Path) -> None:
    """A corpus that is not there any more is named, with the reason that it is read, and two ways out."""
    Path("text.txt").unlink()
    assert call("evaluate", "run") == refusal(
        "text.txt: no such file or directory, and the model was trained on it: name a text to score, "
        "or go to the directory of the training"
    )


def test_no_test_part(call: Call, tmp_path: Path) -> None:
    """A model that was trained without a test part needs a text."""
    (tmp_path / "text.txt").write_bytes(TALES[:2000].encode())
    assert call("train", "text.txt", *TINY, "--test-fraction", "0", "-o", "run").code == 0
    message = "the model was trained without a test part: name a text to score"
    assert call("evaluate", "run") == refusal(message)


def test_a_corpus_from_standard_input(call: Call, feed: Feed) -> None:
    """Standard input cannot be read again for its test part."""
    feed(TALES[:2000].encode())
    assert call("train", "-", *TINY, "-o", "run").code == 0
    message = "the model was trained on standard input, which is gone: name a text to score"
    for raw in (b"", TALES[:2000].encode()):
        feed(raw)
        assert call("evaluate", "run") == refusal(message)
    assert rows(call, "run", "-")[0]["text"] == "standard input"


# ---- refusals


@pytest.mark.parametrize("name", ["table", *READERS])
def test_an_empty_text(call: Call, models: Workshop, tmp_path: Path, name: str) -> None:
    """There is nothing to score in an empty text."""
    (tmp_path / "text.txt").touch()
    text = str(tmp_path / "text.txt")
    message = f"{text}: empty: there is nothing to score"
    assert call("evaluate", models.hello, text, "--format", name) == refusal(message, 1)


def test_nothing_but_empty_texts(call: Call, models: Workshop, tmp_path: Path) -> None:
    """There is nothing to score in several empty texts."""
    names = [str(tmp_path / name) for name in ("a.txt", "b.txt")]
    for name in names:
        Path(name).touch()
    message = f"{names[0]}, {names[1]}: empty: there is nothing to score"
    assert call("evaluate", models.hello, *names) == refusal(message, 1)
    assert call("evaluate", models.hello, str(tmp_path), "--format", "json") == refusal(message, 1)


def test_empty_standard_input(call: Call, models: Workshop, feed: Feed) -> None:
    """Nothing in the pipe is an error too."""
    feed(b"")
    message = "standard input: empty: there is nothing to score"
    assert call("evaluate", models.hello, "-") == refusal(message, 1)


def test_no_such_text(call: Call, models: Workshop) -> None:
    """A text that is not there is refused."""
    message = "none.txt: no such file or directory"
    assert call("evaluate", models.hello, "none.txt") == refusal(message)


def test_a_text_without_a_name(call: Call, models: Workshop) -> None:
    """An empty name, as an unset variable leaves it, is shown in quotes."""
    assert call("evaluate", models.hello, "") == refusal("'': no such file or directory")


def test_broken_utf8(call: Call, models: Workshop, tmp_path: Path) -> None:
    """A byte that is not UTF-8 is named with its place."""
    (tmp_path / "text.txt").write_bytes(b"hell\xff")
    text = str(tmp_path / "text.txt")
    message = f"{text}: not UTF-8 at byte 4, in line 1, column 5: invalid start byte (the only such place)"
    message += "; convert it to UTF-8 first"
    assert call("evaluate", models.hello, text) == refusal(message, 1)


@pytest.mark.parametrize(("name", "hint"), [("binary", ""), ("jsn", " (did you mean 'json'?)")])
def test_unknown_format(call: Call, models: Workshop, name: str, hint: str) -> None:
    """An unknown format is refused with the known ones."""
    message = f"--format must be one of table, json, jsonl, yaml, tsv, csv, html; got {name!r}{hint}"
    assert call("evaluate", models.hello, "--format", name) == refusal(message)


def test_a_run_that_has_moved(call: Call, models: Workshop, tmp_path: Path) -> None:
    """A model is one file: it scores texts wherever it lies."""
    shutil.copy(f"{models.hello}/model.safetensors", tmp_path / "moved.safetensors")
    here = rows(call, models.hello, "data/hello.txt")
    there = rows(call, str(tmp_path / "moved.safetensors"), "data/hello.txt")
    assert figures(here[0]) == figures(there[0])


# ---- which model


@pytest.mark.parametrize("option", ["-m", "--model"])
def test_a_model_can_be_named_by_an_option(call: Call, models: Workshop, option: str) -> None:
    """All arguments are texts then; without any, it is the model's own test part."""
    by_argument = rows(call, models.hello, "data/hello.txt", "data/tales.txt")
    by_option = rows(call, option, models.hello, "data/hello.txt", "data/tales.txt")
    assert list(map(figures, by_option)) == list(map(figures, by_argument))
    assert rows(call, option, models.tales)[0]["text"] == "test part"


@pytest.mark.parametrize("arguments", [("data/hello.txt", "runs/tales"), ("runs/hello", "runs/tales")])
def test_a_model_among_the_texts_is_refused(call: Call, models: Workshop, arguments: tuple[str, ...]) -> None:
    """It is no text, and the message says where models belong."""
    message = "runs/tales: a model among the texts: the model comes first, or is given by -m"
    assert call("evaluate", *arguments) == refusal(message)
    assert call("evaluate", "-m", *arguments[::-1][:1], *arguments[1:]) == refusal(message)
