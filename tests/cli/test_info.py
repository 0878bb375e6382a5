"""charseq info: what a model is and where it comes from, fact by fact."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

from charseq import __version__
from charseq.models.mixture import Mixture
from charseq.runs.checkpoint import Checkpoint
from tests.blend import Blend
from tests.builders import validations
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
    vocab = "".join(sorted(set(text[: text.index("\n", int(0.9 * len(text)) - 1) + 1]) - {"\n"}))
    shown = facts(call, models.hello)
    assert list(shown) == [
        *("file", "cell", "parameters", "unit", "tokenizer", "vocabulary", "corpus", "SHA-256", "split"),
        *("best validation", "reached at", "command", "made with"),
    ]
    size = len(vocab) + 1
    ends = [text.index("\n", int(share * len(text)) - 1) + 1 for share in (0.9, 0.95, 1)]
    assert shown["file"] == f"{models.hello}/model.safetensors"
    assert shown["cell"] == "gru, 1 layer of 32, one-hot"
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
        rf"\d\.\d{{4}} nats = \d\.\d{{4}} bits per character, \d\.\d{{4}} bits per byte, "
        rf"perplexity \d+\.\d{{3}} \({ends[1] - ends[0]:,} characters\)",
        shown["best validation"],
    )
    assert re.fullmatch(r"step \d+, after \d+s", shown["reached at"])
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
    """The best validation is the best one of the metrics; the latest model knows it, too."""
    best = min(validations(models.tales), key=lambda record: record["valid_nats_per_char"])
    valid = Checkpoint.load(Path(models.tales) / "model.safetensors").results.valid
    assert valid is not None
    assert valid.nats_per_char == best["valid_nats_per_char"]
    shown = facts(call, models.tales)
    assert shown["best validation"] == str(valid)
    assert shown["best validation"].startswith(
        f"{best['valid_nats_per_char']:.4f} nats = {best['valid_bits_per_char']:.4f} bits per character, "
    )
    assert re.search(r" \(400 characters(, \d+ of them unseen)?\)$", shown["best validation"])
    assert re.fullmatch(rf"step {best['step']}, after [\d.]+m?s?", shown["reached at"])
    assert facts(call, f"{models.tales}/last.safetensors")["best validation"] == str(valid)


def test_the_shards_of_a_run_are_shown(call: Call, tmp_path: Path) -> None:
    """A model says in how many shards each batch was computed, on which its bits depend."""
    (tmp_path / "text.txt").write_text("to be or not to be\n" * 30)
    assert call("train", "text.txt", *TINY, "--threads", "2", "-o", "run").code == 0
    assert re.fullmatch(
        r"step 3, after [\d.]+m?s?, each batch in 2 shards, a core for each", facts(call, "run")["reached at"]
    )


def test_other_shapes(call: Call, tmp_path: Path) -> None:
    """Layers, an embedding, no validation, and awkward characters are shown as they are."""
    (tmp_path / "my text.txt").write_text("a b\tc[red]\n" * 30)
    options = ("--cell", "gru", "--num-layers", "2", "--embedding-size", "5", "--valid-fraction", "0")
    assert call("train", "my text.txt", *TINY, *options, "-o", "run").code == 0
    shown = facts(call, "run")
    assert shown["cell"] == "gru, 2 layers of 8, embedding of 5"
    assert shown["vocabulary"] == r"11: \t\n␣[]abcder"
    assert shown["best validation"] == "none"
    assert shown["reached at"].startswith("step 3, after ")
    assert shown["command"].startswith("charseq train 'my text.txt' --hidden-size 8 ")


def test_a_model_can_be_named_by_an_option(call: Call, models: Workshop) -> None:
    """-m is as good as the argument; both are refused."""
    assert call("info", "-m", models.tales) == call("info", models.tales)
    message = f"charseq: error: {models.hello}: the model is given by -m already: leave out one of the two\n"
    assert call("info", models.hello, "--model", models.tales) == Outcome(2, "", message)


@pytest.mark.parametrize("name", ["text.txt", "run"])
def test_no_model(call: Call, tmp_path: Path, name: str) -> None:
    """What holds no model is refused."""
    (tmp_path / "text.txt").write_text("hello")
    (tmp_path / "run").mkdir()
    what = {"text.txt": "not a model", "run": "no model in it yet"}[name]
    message = f"charseq: error: {name}: {what}; give a run directory or a .safetensors file\n"
    assert call("info", name) == Outcome(2, "", message)


def test_ngrams(call: Call, tmp_path: Path) -> None:
    """Of n-grams it is shown how many there are and how long; a network's cell and size are not."""
    (tmp_path / "text.txt").write_text("hello\nking\n" * 20)
    assert call("train", "text.txt", "--ngram", "2", "--unit", "line", "-o", "run").code == 0
    shown = facts(call, "run")
    assert shown["file"] == "run/model.safetensors"
    num_pairs = len({*zip("\nhello\nking", "hello\nking\n", strict=True)})
    assert (
        shown["n-grams"]
        == f"{len(set('hello king')) + num_pairs}, up to 2 characters long, Kneser-Ney smoothing"
    )
    assert not {"cell", "parameters"} & set(shown)
    assert shown["unit"] == "line"
    assert shown["vocabulary"] == r"9: \neghiklno"
    assert re.fullmatch(r"[\d.]+ nats = .* \(\d+ characters\)", shown["best validation"])
    assert shown["command"] == "charseq train text.txt --ngram 2 --unit line -o run"


def test_ngrams_were_reached_at_no_step(call: Call, tmp_path: Path) -> None:
    """N-grams take no steps, so that none is named."""
    (tmp_path / "text.txt").write_text("hello\nking\n" * 20)
    assert call("train", "text.txt", "--ngram", "2", "-o", "run").code == 0
    assert "step 0" not in call("info", "run").out


def test_a_mixture_tells_its_members_and_their_weights(call: Call, blend: Blend) -> None:
    """For programs, too: two lists of the same length, and nothing for other models."""
    mixture = Checkpoint.load(Path(blend.both, "model.safetensors")).model
    assert isinstance(mixture, Mixture)
    row = json.loads(call("info", blend.both, "--format", "json").out)[0]
    assert row["members"] == ["gru 1 x 8", "ngram:3"]
    assert row["weights"] == mixture.weights.tolist()
    other = json.loads(call("info", blend.gru, "--format", "json").out)[0]
    assert (other["members"], other["weights"]) == (None, None)


def test_frozen_parts_and_rates_are_shown(call: Call, tmp_path: Path) -> None:
    """What did not learn, or learnt at a rate of its own, stands where the training is described."""
    text = tmp_path / "text.txt"
    text.write_text("to be or not to be\n" * 40)
    run, parts = str(tmp_path / "run"), ("--freeze", "layers.0", "--rate-scale", "projection=0.5")
    assert call("train", str(text), *TINY, *parts, "-o", run).code == 0
    shown = facts(call, run)
    assert (shown["frozen"], shown["rates of parts"]) == ("layers.0", "projection=0.5")
    (row,) = json.loads(call("info", run, "--format", "json").out)
    assert (row["freeze"], row["rate_scale"]) == (["layers.0"], ["projection=0.5"])


def test_weights_are_shown_in_every_way(call: Call, models: Workshop) -> None:
    """Shapes, norms and pictures in a table, for programs and on a page."""
    out = call("info", models.hello, "--weights", "--html", "/dev/null").out
    assert "layers.0.W, update gate: a cell is the largest of 3 x 1 weights" in out
    rows = json.loads(call("info", models.hello, "--weights", "-f", "json").out)
    weights = Checkpoint.load(Path(models.hello) / "model.safetensors").model.tensors()
    gate = next(row for row in rows if (row["name"], row["part"]) == ("layers.0.W", "update gate"))
    W = weights["layers.0.W"][32:64].astype(np.float64)
    assert gate["shape"] == [32, 32]
    assert gate["norm"] == pytest.approx(np.sqrt((W**2).sum()))
    assert gate["spectral_radius"] == pytest.approx(np.abs(np.linalg.eigvals(W)).max())
    assert np.abs(gate["picture"]).max() == np.abs(W).max()
    assert "<svg" in call("info", models.hello, "--weights", "-f", "html").out


def test_n_grams_have_no_weights(call: Call, tmp_path: Path) -> None:
    """They are counts."""
    (tmp_path / "text.txt").write_text("hello " * 50)
    assert call("train", "text.txt", "--ngram", "2", "-o", "run").code == 0
    code, out, err = call("info", "run", "--weights")
    assert (code, out) == (2, "")
    assert err == "charseq: error: ngram:2: has no weights: it counts; ask a network\n"


def test_the_facts_are_a_page_too(call: Call, models: Workshop) -> None:
    """As those of other commands."""
    assert "<table>" in call("info", models.hello, "-f", "html").out


def test_real_time_learning_shows_its_cost_beside_that_of_backpropagation(call: Call, tmp_path: Path) -> None:
    """A GRU of 3 units on 4 characters: 3 numbers of state, 75 parameters that they depend on."""
    (tmp_path / "text.txt").write_text("abcd" * 100)
    train = ("train", "text.txt", "--hidden-size", "3", "--max-steps", "2", "--threads", "1")
    assert call(*train, "--gradient", "rtrl", "-o", "rtrl").code == 0
    assert call(*train, "-o", "bptt").code == 0
    (row,) = json.loads(call("info", "rtrl", "-f", "json").out)
    num_parameters = 3 * 3 * (4 + 3 + 1) + 3
    assert row["rtrl_products"] == 3**2 * num_parameters
    assert row["rtrl_stream_bytes"] == 4 * 3 * num_parameters
    assert row["bptt_products"] == 3 * 3 * 3 * 3
    assert (
        "rtrl: 675 multiplications a character, 0.0 MB a stream; backpropagation through time needs 81"
        in (call("info", "rtrl").out)
    )
    (row,) = json.loads(call("info", "bptt", "-f", "json").out)
    assert row["rtrl_products"] is row["rtrl_stream_bytes"] is row["bptt_products"] is None


def test_real_time_learning_of_a_large_network_is_refused(call: Call, tmp_path: Path) -> None:
    """The cost is said, and what to do."""
    (tmp_path / "text.txt").write_text("abcd" * 100)
    code, out, err = call(
        "train", "text.txt", "--gradient", "rtrl", "--hidden-size", "512", "--max-steps", "1"
    )
    assert (code, out) == (2, "")
    assert "would take" in err
    assert "multiplications a character" in err
    assert "try a hidden_size of 32 and a batch_size of 4" in err


def test_the_pictures_of_weights_are_files(call: Call, models: Workshop, tmp_path: Path) -> None:
    """One for each matrix, and all numbers in a table."""
    assert call("info", models.hello, "--weights", "--export", f"{tmp_path}/charts").code == 0
    names = {path.name for path in (tmp_path / "charts").glob("*.svg")}
    assert "weights-1-layers-0-u-reset-gate.svg" in names
    assert len(names) == 7
    assert (tmp_path / "charts" / "weights.csv").read_text().startswith("member,name,part,shape,norm,")
