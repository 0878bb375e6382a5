"""Models that adapt to the texts they read: --adapt, --adapt-rate, train --with-ngram, and Python."""

import json
import math
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import charseq
from charseq.cli.app import run
from charseq.errors import ConfigError
from charseq.runs.adapting import adapting
from charseq.runs.checkpoint import Checkpoint, checksum_of
from charseq.scoring import Scorer
from tests.builders import json_rows, refusal, refused
from tests.cli.conftest import TALES, Call

TEXT = TALES[9000:10500]
PHRASE = "pof puf pif. "
NETWORK = ("--hidden-size", "16", "--batch-size", "8", "--seq-length", "32", "--learning-rate", "0.02")
STEPS = ("--max-steps", "60", "--threads", "1", "--set", "data.valid=valid.txt", "--quiet")
MODELS = {
    "net": (*NETWORK, *STEPS),
    "ngram": ("--ngram", "4", "--set", "data.valid=valid.txt"),
    "mixed": (*NETWORK, *STEPS, "--with-ngram", "4"),
    "lines": (*NETWORK, *STEPS, "--unit", "line"),
}
each_model = pytest.mark.parametrize("model", MODELS)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a network, n-grams, both in one run, and a network of lines; texts stand beside them."""
    path = tmp_path_factory.mktemp("adapt")
    (path / "corpus.txt").write_bytes(TALES[:6000].encode())
    (path / "valid.txt").write_bytes(TALES[6000:7200].encode())
    (path / "text.txt").write_bytes(TEXT.encode())
    (path / "other.txt").write_bytes(TALES[11000:11600].encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        for name, options in MODELS.items():
            arguments = ["train", "corpus.txt", *options, "-o", name]
            patch.setattr(sys, "argv", ["charseq", *arguments])
            assert run(arguments) == 0
    return path


@pytest.fixture(autouse=True)
def _stand(place: Path, monkeypatch: pytest.MonkeyPatch, _surroundings: None) -> None:
    """Stand beside the models. Nothing is to be written there."""
    monkeypatch.chdir(place)


@pytest.fixture
def rows(call: Call) -> Callable[..., list[dict[str, Any]]]:
    """Return a function that runs a command which must go well, and returns its rows."""
    return lambda *arguments: json_rows(call, *arguments)


# ---- evaluate


@each_model
def test_the_usual_figures_are_those_of_the_adaptive_model(rows: Any, model: str) -> None:
    """Beside them are those of the model as it is, which are the figures without --adapt."""
    (static,) = rows("evaluate", model, "text.txt")
    (adapted,) = rows("evaluate", model, "text.txt", "--adapt")
    assert (static["adapted"], adapted["adapted"]) == (False, True)
    assert static["static_nats_per_char"] is static["static_bits_per_char"] is None
    assert adapted["static_nats_per_char"] == pytest.approx(static["nats_per_char"], rel=1e-9)
    assert adapted["static_bits_per_char"] == pytest.approx(static["bits_per_char"], rel=1e-9)
    assert adapted["bits_per_char"] < static["bits_per_char"]
    assert adapted["bits_per_char"] == pytest.approx(adapted["nats_per_char"] / math.log(2))
    assert adapted["num_chars"] == static["num_chars"] == len(TEXT)


def test_tables_show_both_figures_and_the_gain(call: Call, rows: Any) -> None:
    """As lines of a single text, and as columns of several; without --adapt there is nothing of that."""
    (row,) = rows("evaluate", "mixed", "text.txt", "--adapt")
    gain = f"{1 - row['nats_per_char'] / row['static_nats_per_char']:.1%}".rstrip("%")
    out = call("evaluate", "mixed", "text.txt", "--adapt").out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert f"without adapting: bits per character {row['static_bits_per_char']:.4f}" in lines
    assert any(line.startswith(f"gained by adapting (%) {gain}") for line in lines)
    assert "adapting" not in call("evaluate", "mixed", "text.txt").out


@each_model
def test_each_file_begins_with_the_trained_model(rows: Any, model: str) -> None:
    """The order of files does not matter, and a file has the figures that it has alone."""
    one, two, _ = rows("evaluate", model, "text.txt", "other.txt", "--adapt")
    second, first, _ = rows("evaluate", model, "other.txt", "text.txt", "--adapt")
    for row in (one, two, first, second):
        del row["chars_per_second"]
    assert (one, two) == (first, second)
    (alone,) = rows("evaluate", model, "other.txt", "--adapt")
    assert alone["nats_per_char"] == two["nats_per_char"]


def test_the_lines_of_one_input_go_on_from_each_other(call: Call, tmp_path: Path) -> None:
    """With --each line, a line that came before is cheaper the second time, also for a model of lines."""
    (tmp_path / "twice.txt").write_text(f"{PHRASE}\n" * 40)
    for model in ("net", "lines"):
        out = call("evaluate", model, str(tmp_path / "twice.txt"), "--adapt", "--each", "line").out
        header, *lines = [line.split("\t") for line in out.splitlines()]
        nats = [float(line[header.index("nats")]) for line in lines]
        assert len(nats) == 40
        assert nats[-1] < nats[3] < nats[0]


def test_no_model_file_is_changed_by_adapting(call: Call) -> None:
    """Not a byte, and a static evaluation afterwards is the one before."""
    before = Path("mixed/model.safetensors").read_bytes()
    assert call("evaluate", "mixed", "text.txt", "--adapt", "--adapt-rate", "1").code == 0
    assert Path("mixed/model.safetensors").read_bytes() == before


def test_baselines_do_not_adapt(rows: Any) -> None:
    """They are rows without static figures."""
    model, baseline = rows("evaluate", "net", "text.txt", "--adapt", "--baseline", "unigram")
    assert (model["adapted"], baseline["adapted"]) == (True, False)
    assert baseline["static_bits_per_char"] is None


def test_an_empty_file_has_nothing_to_adapt_to(call: Call, rows: Any, tmp_path: Path) -> None:
    """Its row has no figures; those of a model that does not adapt say so for every text."""
    (tmp_path / "empty.txt").touch()
    texts = (str(tmp_path / "empty.txt"), "other.txt")
    empty, full, total = rows("evaluate", "net", *texts, "--adapt")
    assert empty["static_nats_per_char"] is None
    assert full["static_nats_per_char"] == total["static_nats_per_char"]
    assert call("evaluate", "net", *texts, "--adapt").code == 0
    assert [row["adapted"] for row in rows("evaluate", "net", *texts)] == [False] * 3


def test_cases_begin_with_the_trained_model_each(call: Call, tmp_path: Path) -> None:
    """The answers are those of next --adapt, in any order."""
    prefix = PHRASE * 4
    cases = [{"prefix": prefix + "po", "target": "f"}, {"prefix": "po", "target": "f"}]
    found = []
    for order in (cases, cases[::-1]):
        (tmp_path / "cases.json").write_text(json.dumps(order))
        out = call("evaluate", "net", "--cases", str(tmp_path / "cases.json"), "--adapt", "-f", "json").out
        found.append({row["prefix"]: row["bits"] for row in json.loads(out) if row["prefix"]})
    assert found[0] == found[1]
    assert found[0][prefix + "po"] < found[0]["po"]


# ---- rates


def test_a_rate_of_zero_leaves_the_network_and_counts_all_the_same(rows: Any) -> None:
    """The cache and the weights still learn; for n-grams the rate means nothing."""
    (zero,) = rows("evaluate", "net", "text.txt", "--adapt", "--adapt-rate", "0")
    (chosen,) = rows("evaluate", "net", "text.txt", "--adapt")
    assert zero["bits_per_char"] < zero["static_bits_per_char"]
    assert zero["bits_per_char"] != chosen["bits_per_char"]
    with_rate, without = (
        rows("evaluate", "ngram", "text.txt", "--adapt", *more)[0]["bits_per_char"]
        for more in ((), ("--adapt-rate", "3"))
    )
    assert with_rate == without


@pytest.mark.parametrize("rate", ["1e3", "1e6"])
def test_a_rate_without_measure_gives_figures(rows: Any, rate: str) -> None:
    """They are bad, and they are numbers."""
    (row,) = rows("evaluate", "net", "text.txt", "--adapt", "--adapt-rate", rate)
    assert math.isfinite(row["nats_per_char"])


@pytest.mark.parametrize("rate", ["1e7", "inf"])
def test_a_rate_beyond_all_measure_is_refused(call: Call, rate: str) -> None:
    """In one line."""
    outcome = call("evaluate", "net", "text.txt", "--adapt", "--adapt-rate", rate)
    refused(outcome, "a rate for adapting is a number from 0 to 1,000,000", code=2)


@pytest.mark.parametrize("rate", ["-1", "nan"])
def test_a_rate_below_zero_is_refused(call: Call, rate: str) -> None:
    """As every option that is out of range."""
    refused(call("evaluate", "net", "text.txt", "--adapt", "--adapt-rate", rate), "--adapt-rate", code=2)


@pytest.mark.parametrize(
    "command",
    [
        ("evaluate", "net", "text.txt"),
        ("evaluate", "net", "text.txt", "--each", "char"),
        ("compare", "net", "ngram", "text.txt"),
        ("next", "net", "The "),
        ("sample", "net"),
    ],
    ids=lambda command: " ".join(command[:1] + command[3:]),
)
def test_a_rate_without_adapt_is_refused(call: Call, command: tuple[str, ...]) -> None:
    """It would mean nothing."""
    assert call(*command, "--adapt-rate", "0.1") == refusal("--adapt-rate needs --adapt")


def change_rates(path: Path, rates: Any) -> str:
    """Write the network's file anew with other rates; return its name."""
    with safe_open("net/model.safetensors", framework="numpy") as file:
        record = json.loads(file.metadata()["charseq"])
    record.pop("checksum")
    if rates is None:
        del record["rates"]
    else:
        record["rates"] = rates
    tensors = load_file("net/model.safetensors")
    record["checksum"] = checksum_of(record, tensors)
    save_file(tensors, path, {"charseq": json.dumps(record)})
    return str(path)


def test_a_file_without_rates_takes_the_usual_ones_and_says_so(call: Call, tmp_path: Path) -> None:
    """A file of an older version, or a run that was interrupted."""
    name = change_rates(tmp_path / "old.safetensors", None)
    code, out, err = call("evaluate", name, "text.txt", "--adapt", "--format", "json")
    assert code == 0
    assert (
        err
        == f"charseq: {name}: no rates for adapting were chosen for this model; the usual ones are taken\n"
    )
    assert json.loads(out)[0]["adapted"] is True
    assert call("evaluate", name, "text.txt").err == ""


GOOD = {"rates": [0.1], "scales": [{}], "weights": [1.0, 0.1]}


@pytest.mark.parametrize(
    "rates",
    [
        *({**GOOD, "rates": [0.1, 0.1]}, {**GOOD, "weights": [1.0]}, {**GOOD, "scales": []}),
        *({**GOOD, "rates": [-0.1]}, {**GOOD, "weights": [1.0, -0.1]}, {**GOOD, "rates": [1e300]}),
        *(
            {**GOOD, "scales": [{"projection.V": 1e9}]},
            {**GOOD, "rates": ["0.1"]},
            {**GOOD, "rates": [math.nan]},
        ),
        *(
            {**GOOD, "rates": [math.inf]},
            {**GOOD, "rates": "0.1"},
            {**GOOD, "scales": [[]]},
            {**GOOD, "more": 1},
        ),
        *([], "", 0, False, {}, {"rates": [0.1]}, [0.1], "rates", 0.1),
        {"rates": [0.1] * 200, "scales": [{}] * 200, "weights": [1.0] * 201},
    ],
    ids=lambda rates: f"{rates}"[:60],
)
def test_rates_that_cannot_be_are_a_damaged_file(call: Call, tmp_path: Path, rates: Any) -> None:
    """In one line, whatever the command does with them."""
    name = change_rates(tmp_path / "hostile.safetensors", rates)
    refused(call("evaluate", name, "text.txt"), name, code=1)


def test_the_largest_rates_of_a_file_do_no_harm(rows: Any, tmp_path: Path) -> None:
    """Every figure is a number."""
    scales = [dict.fromkeys(load_file("net/model.safetensors"), 1e6)]
    name = change_rates(tmp_path / "x.safetensors", {"rates": [1e6], "scales": scales, "weights": [1e6, 1e6]})
    (row,) = rows("evaluate", name, "text.txt", "--adapt")
    assert math.isfinite(row["nats_per_char"])


# ---- compare, next, sample


def test_models_are_compared_as_they_adapt(rows: Any) -> None:
    """Each has the figures of its evaluation with --adapt; the pair is about these."""
    found = rows("compare", "net", "ngram", "text.txt", "--adapt")
    figures = {row["model"]: row for row in found if row["report"] == "model"}
    for name, row in figures.items():
        (alone,) = rows("evaluate", name, "text.txt", "--adapt")
        for key in ("adapted", "bits_per_char", "static_bits_per_char"):
            assert row[key] == pytest.approx(alone[key], rel=1e-9)
    (pair,) = (row for row in found if row["report"] == "pair")
    difference = figures["net"]["bits_per_char"] - figures["ngram"]["bits_per_char"]
    assert pair["bits_per_char_difference"] == pytest.approx(difference, rel=1e-6)


@each_model
def test_the_next_character_is_that_of_a_model_that_read_the_prefix(rows: Any, model: str) -> None:
    """A phrase that was repeated goes on as it did; each prefix begins with the trained model."""
    prefix = PHRASE * 5 + "pof p"
    adapted = rows("next", model, "pof p", prefix, "pof p", "--adapt")
    (static,) = rows("next", model, prefix, "--top", "99")
    (p,) = (guess["probability"] for guess in static["top"] if guess["char"] == "u")
    before, after, again = (row["top"] for row in adapted)
    assert after[0]["char"] == "u"
    assert after[0]["probability"] > 2 * p
    assert before == again


def sampled(call: Call, *arguments: str) -> str:
    code, out, err = call("sample", *arguments, "--hide-prompt", "--seed", "3")
    assert (code, err) == (0, "")
    return out


@each_model
def test_a_sample_goes_on_with_the_phrase_of_its_prompt(call: Call, model: str) -> None:
    """A repeated phrase becomes likely, also one of several lines; without --adapt it was not."""
    phrase = "pof puf pif\n" if model == "lines" else PHRASE
    arguments = (model, "--prompt", phrase * 30 + "pof", "--length", "9", "--temperature", "0.1")
    assert sampled(call, *arguments, "--adapt").startswith(" puf pif")
    assert not sampled(call, *arguments).startswith(" puf pif")


@each_model
def test_the_same_seed_gives_the_same_text(call: Call, model: str) -> None:
    """And several texts are independent of each other: the first two of three are the two."""
    arguments = (model, "--prompt", TEXT[:130], "--length", "30", "--adapt")
    assert sampled(call, *arguments) == sampled(call, *arguments)
    two, three = (sampled(call, *arguments, "-n", number) for number in ("2", "3"))
    assert three.startswith(two)
    assert len(set(three.split("\n\n") if model != "lines" else three.splitlines())) > 1


def test_one_text_does_not_depend_on_those_before_it(call: Call) -> None:
    """With the temperature near zero all texts after one prompt are the same one."""
    out = sampled(
        call, "net", "--prompt", TEXT[:100], "--length", "25", "--temperature", "0.001", "-n", "3", "--adapt"
    )
    one = sampled(call, "net", "--prompt", TEXT[:100], "--length", "25", "--temperature", "0.001", "--adapt")
    assert out.count(one.rstrip("\n")) == 3


@each_model
def test_a_sample_needs_no_prompt(call: Call, model: str) -> None:
    """There is nothing to adapt to, and a text all the same; also after a prompt of unknown characters."""
    assert sampled(call, model, "--length", "20", "--adapt")
    assert call("sample", model, "--prompt", "Ж中", "--length", "20", "--adapt").code == 0


# ---- Python


@each_model
def test_python_adapts_as_the_command_does(rows: Any, model: str) -> None:
    """Each call begins with the trained model, whose own figures stay; a rate can be given."""
    loaded = charseq.load(model)
    adaptive = loaded.adaptive()
    (row,) = rows("evaluate", model, "text.txt", "--adapt")
    first = adaptive.score(TEXT).nats_per_char
    assert first == pytest.approx(row["nats_per_char"], rel=1e-9)
    assert adaptive.score(TEXT).nats_per_char == first
    assert loaded.score(TEXT).nats_per_char == pytest.approx(row["static_nats_per_char"], rel=1e-9)
    (with_rate,) = rows("evaluate", model, "text.txt", "--adapt", "--adapt-rate", "0.3")
    assert loaded.adaptive(0.3).score(TEXT).nats_per_char == pytest.approx(
        with_rate["nats_per_char"], rel=1e-9
    )


def test_python_predicts_and_writes_with_what_it_read() -> None:
    """`next` and `sample` of an adaptive model are those of the commands."""
    adaptive = charseq.load("net").adaptive()
    assert adaptive.next(PHRASE * 5 + "pof p").top[0].char == "u"
    text = adaptive.sample(PHRASE * 30 + "pof", length=5, temperature=0.1, seed=1)
    assert text.startswith(" puf")


@pytest.mark.parametrize("rate", [-1, math.nan, math.inf, 1e9, "0.1", True])
def test_python_refuses_rates_that_are_none(rate: Any) -> None:
    """With a sentence that begins with the argument or names the rate."""
    with pytest.raises(ConfigError, match="rate"):
        charseq.load("net").adaptive(rate)


def test_a_network_in_use_keeps_its_weights() -> None:
    """The model from which an adaptive one was made is not changed by it, to the last bit."""
    checkpoint = Checkpoint.load(Path("mixed/model.safetensors"))
    before = checkpoint.network.params.flat.copy()
    adapted = adapting(checkpoint, 1.0)
    Scorer(adapted.reading_model, adapted.codec).score(TEXT)
    np.testing.assert_array_equal(checkpoint.network.params.flat, before)


# ---- train --with-ngram


def test_train_tells_of_the_ngrams_and_all_three_figures(call: Call, tmp_path: Path) -> None:
    """The mixture's validation, and that of each member alone with its weight."""
    shutil.copy("corpus.txt", tmp_path)
    options = (
        *NETWORK,
        "--max-steps",
        "4",
        "--threads",
        "1",
        "--with-ngram",
        "3",
        "-o",
        str(tmp_path / "run"),
    )
    code, out, err = call("train", "corpus.txt", *options)
    assert code == 0
    kept = Checkpoint.load(tmp_path / "run" / "model.safetensors")
    assert "different n-grams of up to 3 characters in " in err
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert any(line.startswith(f"best validation {kept.results.valid}") for line in lines)
    for name in ("gru 1 x 16", "ngram:3"):
        assert sum(line.startswith(f"{name} alone ") for line in lines) == 1


def test_train_says_that_nothing_can_be_mixed_in_without_validation(call: Call, tmp_path: Path) -> None:
    """The run goes on without."""
    options = (
        "--max-steps",
        "2",
        "--threads",
        "1",
        "--with-ngram",
        "3",
        "--valid-fraction",
        "0",
        "--test-fraction",
        "0",
    )
    code, _, err = call("train", "corpus.txt", *NETWORK, *options, "-o", str(tmp_path / "run"))
    assert code == 0
    assert "nothing is held out for validation, on which weights are fitted: no n-grams are mixed in" in err


def test_ngrams_cannot_be_mixed_into_ngrams(call: Call, tmp_path: Path) -> None:
    """A model that is counted has no run at whose end to mix."""
    outcome = call("train", "corpus.txt", "--ngram", "3", "--with-ngram", "3", "-o", str(tmp_path / "run"))
    refused(outcome, "--with-ngram means nothing to a model of the kind ngram", code=2)
