"""charseq compare: models on the same text, against evaluate and against plain computation."""

import csv
import io
import json
import math
import sys
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import yaml

from charseq.analysis.uncertainty import BlockUnits
from charseq.cli.app import run
from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Scorer
from tests.builders import json_rows, refusal
from tests.cli.conftest import TALES, TINY, Call, Feed, Outcome, Workshop

TRAINED = TALES[:12000]
UNSEEN = "Żółw, the turtle: 안녕 😀\r\nand a second line\n"
REPORTS = ("model", "pair", "class", "passage")
Rows = list[dict[str, Any]]


class Rivals(NamedTuple):
    """Models of one corpus and one split, named as from within their directory."""

    path: Path
    two: str
    four: str
    net: str


@pytest.fixture(scope="module")
def _rivals(tmp_path_factory: pytest.TempPathFactory) -> Rivals:
    path = tmp_path_factory.mktemp("rivals")
    (path / "corpus.txt").write_bytes(TRAINED.encode())
    (path / "more.txt").write_bytes(TALES[12000:15000].encode())
    (path / "short.txt").write_bytes(b"The goose 1\nand the judge.\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        for options in (("--ngram", "2"), ("--ngram", "4"), TINY):
            arguments = ["train", "corpus.txt", *options, "-o", f"runs/{options[1]}"]
            patch.setattr(sys, "argv", ["charseq", *arguments])
            assert run(arguments) == 0
    return Rivals(path, "runs/2", "runs/4", "runs/8")


@pytest.fixture
def rivals(_rivals: Rivals, monkeypatch: pytest.MonkeyPatch) -> Rivals:
    """Stand beside two n-gram models, of orders 2 and 4, and a network. Nothing is to be written there."""
    monkeypatch.chdir(_rivals.path)
    return _rivals


def nothing_in_common(one: str, other: str) -> Outcome:
    """Return the outcome for models that were not held back the same text."""
    why = "have no test part in common, by corpus and split: name a text"
    return refusal(f"{one} and {other} {why}")


def rows(call: Call, *arguments: str, command: str = "compare") -> Rows:
    """Return the rows of a command that goes well, with nothing on stderr."""
    return json_rows(call, command, *arguments)


def report(rows: Rows, name: str) -> Rows:
    return [row for row in rows if row["report"] == name]


def steady(rows: Rows) -> Rows:
    """Return the rows without what is never the same twice."""
    return [{key: value for key, value in row.items() if key != "chars_per_second"} for row in rows]


def close(rows: Rows) -> Rows:
    """Return what rows must be, but for rounding."""

    def close(value: Any) -> Any:
        return pytest.approx(value, rel=1e-5, abs=1e-7) if isinstance(value, float) else value

    return [{key: close(value) for key, value in row.items()} for row in steady(rows)]


def nats_of(model: str, text: str) -> list[float]:
    """Return what each character costs, as the evaluator says."""
    checkpoint = Checkpoint.load(Path(model) / "model.safetensors")
    nats = Scorer(checkpoint.model, checkpoint.codec).score(text).nats
    return nats.tolist()  # type: ignore[no-any-return]


# ---- figures


def test_each_model_has_the_figures_of_its_evaluation(call: Call, rivals: Rivals) -> None:
    """What is said of a model is what evaluate says of it, and what its file and its settings are."""
    models = (rivals.two, rivals.net, rivals.four)
    found = report(rows(call, *models, "more.txt"), "model")
    assert [row["model"] for row in found] == list(models)
    assert [row["kind"] for row in found] == ["ngram:2", "gru 1 x 8", "ngram:4"]
    for row in found:
        path = Path(row["model"]) / "model.safetensors"
        assert row["num_file_bytes"] == path.stat().st_size
        assert row["num_parameters"] == Checkpoint.load(path).model.num_parameters
        assert row["chars_per_second"] > 0
        (alone,) = rows(call, row["model"], "more.txt", command="evaluate")
        same = row.keys() & alone.keys() - {"report", "model", "chars_per_second"}
        assert len(same) == len(alone) - 4
        assert {key: row[key] for key in same} == pytest.approx({key: alone[key] for key in same})


def test_the_differences(call: Call, rivals: Rivals) -> None:
    """Every two models make a pair, whose difference is that of their bits; more context is better."""
    found = rows(call, rivals.two, rivals.net, rivals.four, "corpus.txt")
    bits = {row["model"]: (row["bits_per_char"], row["bits_per_byte"]) for row in report(found, "model")}
    pairs = report(found, "pair")
    assert [(row["a"], row["b"]) for row in pairs] == [
        *((rivals.two, rivals.net), (rivals.two, rivals.four), (rivals.net, rivals.four))
    ]
    for row in pairs:
        a, b = bits[row["a"]], bits[row["b"]]
        assert row["bits_per_char_difference"] == pytest.approx(a[0] - b[0])
        assert row["bits_per_byte_difference"] == pytest.approx(a[1] - b[1])
        assert row["bits_per_char_low"] < row["bits_per_char_difference"] < row["bits_per_char_high"]
    assert [row["verdict"] for row in pairs] == ["a is better", "b is better", "b is better"]


def test_a_network_with_one_bias_changed(call: Call, rivals: Rivals, tmp_path: Path) -> None:
    """Where the odds of e are a little higher, every character that is known costs accordingly."""
    text = Path("more.txt").read_text(encoding="utf-8")
    checkpoint = Checkpoint.load(Path(rivals.net) / "model.safetensors")
    vocab = checkpoint.codec.tokenizer.vocab
    scorer = Scorer(checkpoint.model, checkpoint.codec, num_guesses=len(vocab))
    expected = scorer.score(text).expected
    assert expected is not None
    p = expected.probabilities[expected.guesses == vocab.index("e")]
    p /= 1 - checkpoint.codec.tokenizer.escape_probability
    is_e, is_known = (np.array([char in some for char in text]) for some in ("e", vocab))
    extra = is_known * (np.log1p(math.expm1(0.1) * p) - 0.1 * is_e) / math.log(2)
    (bias,) = (array for array in checkpoint.network.params.values() if array.shape == (len(vocab),))
    bias[vocab.index("e")] += 0.1
    checkpoint.save(tmp_path / "changed.safetensors")
    found = rows(call, str(tmp_path / "changed.safetensors"), rivals.net, "more.txt")
    (pair,) = report(found, "pair")
    assert pair["bits_per_char_difference"] == pytest.approx(extra.mean(), abs=1e-6)
    units = BlockUnits(2)
    units.add(text, np.column_stack([extra, np.ones(len(text))]))
    error = units.ratio(np.array([1.0, 0.0]), np.array([0.0, 1.0])).error
    assert pair["bits_per_char_error"] == pytest.approx(error, rel=1e-3)
    assert error < min(row["bits_per_char_error"] for row in report(found, "model")) / 3


def test_a_model_and_itself(call: Call, rivals: Rivals) -> None:
    """A model that is named again gets a number; there is nothing between it and itself."""
    found = rows(call, rivals.two, rivals.two, rivals.two)
    assert [row["model"] for row in report(found, "model")] == ["runs/2", "runs/2 (2)", "runs/2 (3)"]
    for row in report(rows(call, rivals.two, rivals.two, "more.txt"), "pair"):
        assert (row["a"], row["b"]) == ("runs/2", "runs/2 (2)")
        assert {value for key, value in row.items() if key.startswith("bits")} == {0}
        assert row["verdict"] == "no difference shown"
    assert all(row["best"] for row in report(found, "class"))
    assert report(found, "passage") == []


def test_classes_sum_up(call: Call, rivals: Rivals, tmp_path: Path) -> None:
    """The nats of a model's classes are those of the text, unseen characters included."""
    (tmp_path / "text.txt").write_bytes(UNSEEN.encode())
    found = rows(call, rivals.four, rivals.net, str(tmp_path / "text.txt"))
    for model in report(found, "model"):
        classes = [row for row in report(found, "class") if row["model"] == model["model"]]
        assert "Hangul" in [row["group"] for row in classes]
        total = model["nats_per_char"] * model["num_chars"]
        assert math.fsum(row["nats"] for row in classes) == pytest.approx(total, rel=1e-9)
        assert sum(row["num_unseen"] for row in classes) == model["num_unseen"] > 0


def test_passages(call: Call, rivals: Rivals) -> None:
    """The passages are those on which the bits differ most, each with its text and the bits of each model."""
    text = Path("more.txt").read_text(encoding="utf-8")
    two, four = nats_of(rivals.two, text), nats_of(rivals.four, text)
    apart = {k: abs(sum(two[k : k + 64]) - sum(four[k : k + 64])) for k in range(0, len(text), 64)}
    offsets = sorted(apart, key=lambda k: -apart[k])
    for options, num in (((), 5), (("--passages", "2"), 2), (("--passages", "1000"), 47)):
        found = report(rows(call, rivals.two, rivals.four, "more.txt", *options), "passage")
        assert [row["offset"] for row in found[::2]] == offsets[:num]
        assert [row["model"] for row in found[:2]] == [rivals.two, rivals.four]
        for row, nats in zip(found, (two, four) * num, strict=True):
            part = slice(row["offset"], row["offset"] + 64)
            assert (row["file"], row["text"]) == ("more.txt", text[part])
            assert row["bits"] == pytest.approx(sum(nats[part]) / math.log(2))
    assert report(rows(call, rivals.two, rivals.four, "more.txt", "--passages", "0"), "passage") == []


def test_pieces(call: Call, rivals: Rivals, monkeypatch: pytest.MonkeyPatch) -> None:
    """However a text comes in pieces, the rows are the same."""
    models = (rivals.four, rivals.net, "more.txt")
    whole = rows(call, *models)
    monkeypatch.setattr("charseq.text.sources.CHUNK_BYTES", 101)
    assert steady(rows(call, *models)) == close(whole)


def test_a_line_model_and_a_stream_model(call: Call, models: Workshop, tmp_path: Path) -> None:
    """Each model reads with its own vocabulary and its own idea of where a text begins anew."""
    (tmp_path / "text.txt").write_text(Path("data/hello.txt").read_text()[:1000])
    text = str(tmp_path / "text.txt")
    found = report(rows(call, models.hello, models.tales, text), "model")
    for row in found:
        (alone,) = rows(call, row["model"], text, command="evaluate")
        assert row["nats_per_char"] == pytest.approx(alone["nats_per_char"])
    assert found[0]["num_unseen"] == 0


# ---- texts


def test_the_shared_test_part(call: Call, rivals: Rivals) -> None:
    """Without a text the models are compared on the test part that they share."""
    found = rows(call, rivals.net, rivals.four)
    assert {row["file"] for row in report(found, "passage")} == {"test part"}
    for row in report(found, "model"):
        (alone,) = rows(call, row["model"], command="evaluate")
        assert (row["num_chars"], row["bits_per_char"]) == (600, pytest.approx(alone["bits_per_char"]))


def test_a_corpus_that_is_gone(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test part is read from another model's copy of the same corpus; without one the first is missed."""
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        Path(f"{name}.txt").write_bytes(TALES[:2000].encode())
        assert call("train", f"{name}.txt", *TINY, "-o", name).code == 0
    whole = rows(call, "a", "b")
    Path("a.txt").unlink()
    without_speed = [[row[key] for key in ("report", "bits_per_char") if key in row] for row in whole]
    assert [
        [r[k] for k in ("report", "bits_per_char") if k in r] for r in rows(call, "a", "b")
    ] == without_speed
    Path("b.txt").unlink()
    code, out, err = call("compare", "a", "b")
    assert (code, out) == (2, "")
    assert err.startswith("charseq: error: a.txt: ")


def test_several_texts(call: Call, rivals: Rivals) -> None:
    """Several texts are scored each by itself, and compared together."""
    both = (rivals.two, rivals.four)
    found = rows(call, *both, "more.txt", "corpus.txt", "--passages", "1000")
    one, other = (rows(call, *both, text, "--passages", "1000") for text in ("more.txt", "corpus.txt"))
    for row, first, second in zip(*(report(part, "model") for part in (found, one, other)), strict=True):
        nats = [part["nats_per_char"] * part["num_chars"] for part in (row, first, second)]
        assert nats[0] == pytest.approx(nats[1] + nats[2])
    places = {
        (row["file"], row["offset"], row["bits"]) for row in report(one, "passage") + report(other, "passage")
    }
    assert {(row["file"], row["offset"], row["bits"]) for row in report(found, "passage")} == places


def test_a_directory(call: Call, rivals: Rivals, tmp_path: Path) -> None:
    """A directory that holds no model is as many texts as it has files."""
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(f"The {name} of a tale.")
    found = rows(call, rivals.two, rivals.four, str(tmp_path))
    assert {row["file"] for row in report(found, "passage")} == {f"{tmp_path}/a.txt", f"{tmp_path}/b.txt"}


def test_standard_input(call: Call, rivals: Rivals, feed: Feed) -> None:
    """The text - is standard input, which is read once for all models."""
    feed(Path("more.txt").read_bytes())
    found = rows(call, rivals.two, rivals.four, "-")
    assert {row.pop("file") for row in report(found, "passage")} == {"standard input"}
    expected = rows(call, rivals.two, rivals.four, "more.txt")
    for row in report(expected, "passage"):
        del row["file"]
    assert steady(found) == close(expected)


def test_what_is_not_utf8(call: Call, rivals: Rivals, tmp_path: Path) -> None:
    """A byte that is not UTF-8 is refused, or read as U+FFFD."""
    (tmp_path / "text.txt").write_bytes(b"The \xff tale")
    arguments = (rivals.two, rivals.four, str(tmp_path / "text.txt"))
    why = (
        "not UTF-8 at byte 4, in line 1, column 5: invalid start byte (the only such place); "
        "convert it to UTF-8 first"
    )
    assert call("compare", *arguments) == refusal(f"{arguments[2]}: {why}", 1)
    found = json.loads(call("compare", *arguments, "--errors", "replace", "-f", "json").out)
    assert [row["num_unseen"] for row in report(found, "model")] == [1, 1]
    assert report(found, "passage")[0]["text"] == "The \ufffd tale"


# ---- formats


def table(lines: list[list[str]]) -> Rows:
    """Return the rows of a table with a header."""
    header, *values = lines
    return [dict(zip(header, map(_value, line), strict=True)) for line in values]


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return {"true": True, "false": False, "": None}.get(text, text)


def from_tsv(text: str) -> Rows:
    found = table([line.split("\t") for line in text.removesuffix("\n").split("\n")])
    for row in report(found, "passage"):
        row["text"] = row["text"].replace(r"\n", "\n")
    return found


READERS: dict[str, Callable[[str], Rows]] = {
    "json": json.loads,
    "jsonl": lambda text: [json.loads(line) for line in text.splitlines()],
    "yaml": yaml.safe_load,
    "tsv": from_tsv,
    "csv": lambda text: table(list(csv.reader(io.StringIO(text, newline="")))),
}


@pytest.mark.parametrize("name", READERS)
def test_every_format(call: Call, rivals: Rivals, name: str) -> None:
    """Every report comes back from every format with the same unrounded numbers."""
    arguments = (rivals.two, rivals.four, rivals.net, "more.txt")
    found, expected = list[Any](), rows(call, *arguments)
    for option in [("--report", report) for report in REPORTS] if name in ("tsv", "csv") else [()]:
        code, out, err = call("compare", *arguments, "--format", name, *option)
        assert (code, err) == (0, "")
        found += READERS[name](out)
    assert [list(row) for row in found] == [list(row) for row in expected]
    assert steady(found) == steady(expected)
    assert [key for key, _ in groupby(row["report"] for row in found)] == list(REPORTS)


@pytest.mark.parametrize("name", ["tsv", "csv"])
def test_a_table_for_programs_holds_one_report(call: Call, rivals: Rivals, name: str) -> None:
    """One must be named, unless it is the only one; nothing is read before that is said."""
    message = f"{name} holds one report: choose report model, pair, class or passage"
    assert call("compare", rivals.two, rivals.four, "no-such-text", "-f", name) == refusal(message)
    message = f"{name} holds one report: choose report model, pair or class"
    arguments = ("compare", rivals.two, rivals.four, "--passages", "0", "-f", name)
    assert call(*arguments) == refusal(message)


def test_one_report_in_a_terminal(call: Call, rivals: Rivals) -> None:
    """--report leaves out the others."""
    out = call("compare", rivals.two, rivals.four, "more.txt", "--report", "pair").out
    assert out.startswith("Differences in bits")
    assert "Models" not in out


def test_a_report_that_is_not_there(call: Call, rivals: Rivals) -> None:
    """The message lists those that are."""
    message = "report word: not asked for; the reports are model, pair, class and passage"
    assert call("compare", rivals.two, rivals.four, "--report", "word") == refusal(message)


def test_models_can_be_named_by_an_option(call: Call, rivals: Rivals) -> None:
    """Every -m is a model, and all arguments are texts."""
    expected = rows(call, rivals.two, rivals.four, "more.txt")
    assert steady(rows(call, "-m", rivals.two, "more.txt", "--model", rivals.four)) == steady(expected)


def test_a_short_text(call: Call, rivals: Rivals) -> None:
    """Where nothing can be told, errors and intervals do not exist; in JSON they are null."""
    for pair in report(rows(call, rivals.two, rivals.four), "pair"):
        assert pair["verdict"] == "too short to tell"
        figures = ("error", "low", "high")
        assert {pair[f"bits_per_{unit}_{figure}"] for unit in ("char", "byte") for figure in figures} == {
            None
        }
    out = call("compare", rivals.two, rivals.four, "--format", "yaml").out
    assert all(math.isnan(row["bits_per_char_low"]) for row in report(yaml.safe_load(out), "pair"))


def test_all_tables_stand_below_each_other_under_their_headings(call: Call, rivals: Rivals) -> None:
    """An empty line stands between any two; the golden files of the reports say what is in each."""
    code, out, err = call("compare", rivals.two, rivals.four, "short.txt")
    assert (code, err) == (0, "")
    headings = [part.split()[0] for part in out.split("\n\n")]
    assert headings == ["Models", "Differences", "Bits", "Passages"]


def test_a_page(call: Call, rivals: Rivals, tmp_path: Path) -> None:
    """The page goes to stdout, or beside any other format into a file."""
    path = tmp_path / "page.html"
    code, out, err = call("compare", rivals.two, rivals.four, "more.txt", "-f", "html", "--html", str(path))
    assert (code, err) == (0, "")
    assert path.read_text(encoding="utf-8") == out
    assert "<title>Compared: runs/2, runs/4</title>" in out
    for row in report(rows(call, rivals.two, rivals.four, "more.txt", "--html", str(path)), "model"):
        assert f"{row['bits_per_char']:.4f}" in out
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


# ---- refusals


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ((), "no models"),
        (("more.txt",), "no models"),
        (("-",), "no models"),
        (("runs/2",), "runs/2: a single model"),
    ],
)
def test_too_few_models(call: Call, rivals: Rivals, arguments: tuple[str, ...], found: str) -> None:
    """There must be two models at least, before the texts."""
    message = (
        f"{found}; compare takes two or more models: run directories or .safetensors files, "
        "as the first arguments or each by -m"
    )
    assert call("compare", *arguments) == refusal(message)


@pytest.mark.parametrize(
    "arguments",
    [
        ("runs/2", "more.txt", "runs/4"),
        ("-m", "runs/2", "runs/4"),
        ("runs/2", "runs/8", "more.txt", "runs/4"),
    ],
)
def test_a_model_among_the_texts(call: Call, rivals: Rivals, arguments: tuple[str, ...]) -> None:
    """It is no text, and the message says where models belong."""
    message = "runs/4: a model among the texts: give each by -m, or all first"
    assert call("compare", *arguments) == refusal(message)


@pytest.mark.parametrize("arguments", [("runs/5",), ("runs/2", "runs/5"), ("runs/5", "runs/2")])
def test_no_such_model(call: Call, rivals: Rivals, arguments: tuple[str, ...]) -> None:
    """What reads like a model is said not to be there."""
    message = "runs/5: no such model; give a run directory or a .safetensors file"
    assert call("compare", *arguments) == refusal(message)


def test_a_damaged_model(call: Call, rivals: Rivals, tmp_path: Path) -> None:
    """A model that cannot be loaded is an error before anything is scored."""
    (tmp_path / "model.safetensors").write_bytes(b"no model at all")
    code, out, err = call("compare", rivals.two, str(tmp_path), "more.txt")
    assert (code, out) == (1, "")
    assert err.startswith(f"charseq: error: {tmp_path}/model.safetensors: not a charseq model: ")


def test_an_empty_text(call: Call, rivals: Rivals, tmp_path: Path) -> None:
    """There is nothing to compare in empty texts."""
    names = [str(tmp_path / name) for name in ("a.txt", "b.txt")]
    for name in names:
        Path(name).touch()
    message = f"{names[0]}, {names[1]}: empty: there is nothing to score"
    assert call("compare", rivals.two, rivals.four, *names) == refusal(message, 1)
    found = report(rows(call, rivals.two, rivals.four, names[0], "more.txt"), "model")
    assert [row["num_chars"] for row in found] == [3000, 3000]


def test_no_such_text(call: Call, rivals: Rivals) -> None:
    """A text that is not there is refused."""
    expected = refusal("none.txt: no such file or directory")
    assert call("compare", rivals.two, rivals.four, "none.txt") == expected


def test_other_corpora(call: Call, models: Workshop) -> None:
    """Models of different corpora have no test part in common."""
    assert call("compare", models.hello, models.tales) == nothing_in_common("runs/hello", "runs/tales")


def test_other_splits(call: Call, tmp_path: Path) -> None:
    """Nor have models of one corpus that was split in different ways; what matters is the test part."""
    for number, text in enumerate((TALES[:2000], TALES[2000:4000])):
        (tmp_path / f"{number}.txt").write_bytes(text.encode())
    splits = {"a": "0 .05 .05", "b": "0 .1 .05", "c": "0 .05 .1", "d": "1 .05 .05"}
    for name, split in splits.items():
        corpus, valid, test = split.split()
        options = ("--ngram", "2", "--valid-fraction", valid, "--test-fraction", test)
        assert call("train", f"{corpus}.txt", *options, "-o", name).code == 0
    assert report(rows(call, "a", "b"), "model")[0]["num_chars"] == 100
    assert call("compare", "a", "b", "c") == nothing_in_common("a", "c")
    assert call("compare", "a", "d") == nothing_in_common("a", "d")


def test_no_test_part(call: Call, tmp_path: Path) -> None:
    """Models that were trained without a test part need a text."""
    (tmp_path / "text.txt").write_bytes(TALES[:2000].encode())
    assert call("train", "text.txt", "--ngram", "2", "--test-fraction", "0", "-o", "a").code == 0
    message = "the model was trained without a test part: name a text to score"
    assert call("compare", "a", "a") == refusal(message)


@pytest.mark.parametrize(
    ("option", "name", "known"),
    [
        ("--format", "binary", "table, json, jsonl, yaml, tsv, csv, html"),
        ("--errors", "skip", "strict, replace, ignore"),
    ],
)
def test_unknown_choices(call: Call, rivals: Rivals, option: str, name: str, known: str) -> None:
    """An unknown choice is refused with the known ones."""
    message = f"{option} must be one of {known}; got {name!r}"
    assert call("compare", rivals.two, rivals.four, option, name) == refusal(message)
