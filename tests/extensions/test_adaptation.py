"""Models that adapt, with characters of two tokens, and with a kind that is no recurrent network."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charseq
from charseq.cli.app import run
from charseq.registry import MODELS, TOKENIZERS
from charseq.runs.adapting import adapting
from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Scorer
from tests.builders import json_rows
from tests.cli.conftest import TINY, Call
from tests.extensions.twin_tokenizer import PairTokenizer
from tests.extensions.window import WindowKind

CORPUS = 'hello world\nkin and kith\nexpert in line\n\nshe said "no" to him\n' * 32
TEXT = 'hello kin,\nand "Q" 😀\n\nexpert line\n' + "he paid in tin and lead\n" * 4
PAIR = ("--tokenizer", "pair")
WINDOW = ("--kind", "window", "--order", "3", "--hidden-size", "8", "--max-steps", "20", "--threads", "1")
KINDS = {
    "stream": (*PAIR, *TINY),
    "line": (*PAIR, "--unit", "line", "--cell", "lstm", *TINY),
    "ngram": (*PAIR, "--kind", "ngram", "--order", "5"),
    "mixed": (*PAIR, *TINY, "--with-ngram", "3"),
    "window": WINDOW,
}
each_model = pytest.mark.parametrize("model", KINDS)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Register both, and train a model of each sort beside a text."""
    path = tmp_path_factory.mktemp("adaptation")
    (path / "corpus.txt").write_text(CORPUS)
    (path / "text.txt").write_text(TEXT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TOKENIZERS, "pair", PairTokenizer)
        patch.setitem(MODELS, "window", WindowKind())
        patch.chdir(path)
        for name, options in KINDS.items():
            arguments = ["train", "corpus.txt", *options, "--valid-fraction", "0.3", "-o", name]
            patch.setattr(sys, "argv", ["charseq", *arguments])
            assert run(arguments) == 0
        yield path


@pytest.fixture(autouse=True)
def _stand(place: Path, monkeypatch: pytest.MonkeyPatch, _surroundings: None) -> None:
    monkeypatch.chdir(place)


@each_model
def test_it_is_evaluated(call: Call, model: str) -> None:
    """A repeated line is learnt, at rates that were chosen on the validation part."""
    (row,) = json_rows(call, "evaluate", model, "text.txt", "--adapt")
    (static,) = json_rows(call, "evaluate", model, "text.txt")
    assert row["bits_per_char"] < row["static_bits_per_char"] == pytest.approx(static["bits_per_char"])
    assert row["num_unseen"] == static["num_unseen"] > 0
    assert charseq.load(model).checkpoint.rates is not None


@each_model
def test_ranks_are_those_of_the_adaptive_model(model: str) -> None:
    """Where a character is the first guess, it costs what the first guess costs: both read alike."""
    checkpoint = adapting(Checkpoint.load(Path(model) / "model.safetensors"))
    found = Scorer(checkpoint.reading_model, checkpoint.codec, num_guesses=2).score(TEXT)
    assert found.ranks is not None
    assert found.confidences is not None
    first = found.ranks == 1
    assert first.sum() > 10
    np.testing.assert_allclose(found.confidences[first], np.exp(-found.nats[first]), rtol=1e-4)


@each_model
def test_it_predicts_and_writes(call: Call, model: str) -> None:
    """A phrase that came before is expected again, and written."""
    (row,) = json_rows(call, "next", model, "hod kin lap " * 6 + "hod k", "--adapt")
    assert row["top"][0]["char"] == "i"
    arguments = (
        "--prompt",
        "hod kin lap " * 30 + "hod k",
        "--length",
        "6",
        "--temperature",
        "0.1",
        "--seed",
        "1",
    )
    code, out, _ = call("sample", model, *arguments, "--hide-prompt", "--adapt")
    assert code == 0
    assert out.startswith("in lap")


@each_model
def test_every_character_is_a_row(call: Call, model: str) -> None:
    """With --each char, too; the prices are those of the text."""
    out = call("evaluate", model, "text.txt", "--adapt", "--each", "char", "--format", "jsonl").out
    rows: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines()]
    assert "".join(row["char"] for row in rows) == TEXT
    (row,) = json_rows(call, "evaluate", model, "text.txt", "--adapt")
    assert sum(row["nats"] for row in rows) / len(TEXT) == pytest.approx(row["nats_per_char"], rel=1e-6)
