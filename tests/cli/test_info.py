"""charseq info: what a model is and where it comes from, fact by fact."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

from charseq import __version__
from charseq.score import describe
from tests.cli.conftest import TINY, Call, Outcome, Workshop


def facts(call: Call, *arguments: str) -> dict[str, str]:
    """Return what info shows, by name; stderr is empty."""
    code, out, err = call("info", *arguments)
    assert (code, err) == (0, "")
    pairs = [re.split(r"  +", line.rstrip(), maxsplit=1) for line in out.splitlines()]
    assert all(len(pair) == 2 for pair in pairs), out
    return {pair[0]: pair[1] for pair in pairs}


def test_whole_output(call: Call, models: Workshop) -> None:
    """Every fact about a model of lines is there, in this order."""
    corpus = Path("data/hello.txt").read_bytes()
    text = corpus.decode()
    vocab = "".join(sorted(set(text[: int(0.9 * len(text))]) - {"\n"}))
    shown = facts(call, models.hello)
    assert list(shown) == [
        *("file", "cell", "parameters", "unit", "tokenizer", "vocabulary", "corpus", "SHA-256", "split"),
        *("best validation", "trained", "command", "made with"),
    ]
    size = len(vocab) + 1
    ends = [int(0.9 * len(text)), int(0.95 * len(text)), len(text)]
    assert shown["file"] == f"{models.hello}/model.safetensors"
    assert shown["cell"] == "gru, 1 layer(s) of 32, one-hot"
    assert shown["parameters"] == f"{3 * 32 * (size + 32 + 1) + 32 + size * (32 + 1):,}"
    assert shown["unit"] == "line"
    assert shown["tokenizer"] == "char"
    assert shown["vocabulary"] == rf"{size}: \n{vocab}"
    assert shown["corpus"] == f"data/hello.txt, {len(corpus):,} bytes"
    assert shown["SHA-256"] == hashlib.sha256(corpus).hexdigest()
    assert shown["split"] == (
        f"train [0, {ends[0]:,}), valid [{ends[0]:,}, {ends[1]:,}), test [{ends[1]:,}, {ends[2]:,}) "
        "characters"
    )
    assert re.fullmatch(
        r"[\d.]+ nats = [\d.]+ bits per character, perplexity [\d.]+", shown["best validation"]
    )
    assert re.fullmatch(r"\d+ steps, \d+s", shown["trained"])
    assert shown["command"].startswith("charseq train data/hello.txt --hidden-size 32 ")
    assert shown["made with"] == f"charseq {__version__}, numpy {np.__version__}"


def test_the_newest_model(call: Call, models: Workshop) -> None:
    """Without a model the newest one is shown, and named on stderr."""
    code, out, err = call("info")
    assert code == 0
    assert err == f"charseq: using the newest model, {models.hello}/model.safetensors\n"
    assert out == call("info", models.hello).out


def test_a_model_file(call: Call, models: Workshop) -> None:
    """A model file is as good as its run, and so is the one to resume from."""
    for name in ("model", "last"):
        shown = facts(call, f"{models.tales}/{name}.safetensors")
        assert shown["file"] == f"{models.tales}/{name}.safetensors"
        assert shown["corpus"].startswith("data/tales.txt, ")


def test_the_best_validation(call: Call, models: Workshop) -> None:
    """The best validation is the best one of the metrics."""
    lines = Path(models.tales, "metrics.jsonl").read_text().splitlines()
    best = min(json.loads(line)["valid_nats_per_char"] for line in lines)
    assert facts(call, models.tales)["best validation"] == describe(best)


def test_other_shapes(call: Call, tmp_path: Path) -> None:
    """Layers, an embedding, no validation, and awkward characters are shown as they are."""
    (tmp_path / "my text.txt").write_text("a b\tc[red]\n" * 30)
    options = ("--cell", "gru", "--num-layers", "2", "--embedding-size", "5", "--valid-fraction", "0")
    assert call("train", "my text.txt", *TINY, *options, "-o", "run").code == 0
    shown = facts(call, "run")
    assert shown["cell"] == "gru, 2 layer(s) of 8, embedding of 5"
    assert shown["vocabulary"] == r"11: \t\n␣[]abcder"
    assert shown["best validation"] == "none"
    assert shown["trained"].startswith("3 steps, ")
    assert shown["command"].startswith("charseq train 'my text.txt' --hidden-size 8 ")


@pytest.mark.parametrize("name", ["text.txt", "run"])
def test_no_model(call: Call, tmp_path: Path, name: str) -> None:
    """What holds no model is refused."""
    (tmp_path / "text.txt").write_text("hello")
    (tmp_path / "run").mkdir()
    what = {"text.txt": "not a model", "run": "no model in it yet"}[name]
    message = f"charseq: error: {name}: {what}; give a run directory or a .safetensors file\n"
    assert call("info", name) == Outcome(2, "", message)
