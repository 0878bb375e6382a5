"""A trained kind of model from one file and one registration goes through the whole program."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import charseq
from charseq.config import ModelConfig
from charseq.gradients import Job
from charseq.gradients.step import TrainingStep
from charseq.network import CharModel
from charseq.registry import MODELS
from charseq.runs.directory import LAST, MODEL
from tests.builders import refusal
from tests.cli.conftest import TALES, Call
from tests.complex_step import check_gradients
from tests.extensions.window import WindowKind, WindowModel
from tests.gradients.builders import T, V, make_window

TEXT = TALES[:3000]
SIZES = ("--kind", "window", "--order", "3", "--hidden-size", "8", "--batch-size", "4", "--seq-length", "16")


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch, clean_surroundings: None) -> None:
    """Register the kind, and stand in an empty directory with one corpus in it."""
    monkeypatch.setitem(MODELS, "window", WindowKind())
    Path("text.txt").write_bytes(TEXT.encode())


def train(call: Call, *arguments: str) -> None:
    outcome = call("train", *arguments, "--quiet")
    assert outcome.code == 0, outcome.err


def start(call: Call, run: str, *options: str) -> None:
    train(call, "text.txt", *SIZES, "-o", run, "--schedule", "constant", *options)


@pytest.fixture
def run(call: Call) -> str:
    """Return the directory of a run of the kind, made by the command."""
    start(call, "r", "--max-steps", "30", "--threads", "1")
    return "r"


@pytest.mark.parametrize("resets", [False, True])
def test_its_gradient_is_that_of_the_complex_step(resets: bool) -> None:
    """The training step asks for no more than the contract has, and its gradient is right."""
    model = WindowModel(ModelConfig(kind="window", order=3, hidden_size=4), V, np.complex128)
    model.params.flat[...] = np.random.default_rng(1).normal(0, 0.5, model.params.flat.size)
    window, state = make_window(2, resets=resets), model.initial_state(2)
    step = TrainingStep(Job(model, T, 2, resets=resets, seed=3), state, slice(0, 2))

    def value() -> complex:
        state.reset_()
        return step(window, 0, total_weight=window.total_weight)

    value()
    check_gradients(value, model.params, {name: array.copy() for name, array in step.grads.items()})


def test_it_learns(run: str) -> None:
    """Its validation is better than a uniform guess, and it is no network of charseq's own."""
    model = charseq.load(run)
    assert not isinstance(model.checkpoint.model, CharModel)
    assert model.checkpoint.results.valid is not None
    assert not model.checkpoint.results.valid.is_worse_than_uniform(model.codec)
    assert model.score(TEXT).bits_per_char < model.codec.uniform_bits


def test_train_says_what_was_made(call: Call) -> None:
    """The summary names the kind and its parameters."""
    code, out, err = call("train", "text.txt", *SIZES, "--max-steps", "3", "-o", "r")
    assert code == 0
    assert "window 3 x 8, " in err
    assert "best validation" in out


def test_it_is_resumed_bit_for_bit(call: Call) -> None:
    """12 steps and 8 more are 20: weights, memory of the optimizer, the tokens that each stream has read."""
    start(call, "parts", "--max-steps", "12", "--threads", "1")
    start(call, "again", "--max-steps", "20", "--threads", "1")
    train(call, "--resume", "parts", "--max-steps", "20")
    parts, again = load_file(f"parts/{LAST}"), load_file(f"again/{LAST}")
    assert parts.keys() == again.keys()
    for name, array in again.items():
        np.testing.assert_array_equal(parts[name], array, err_msg=name)


def test_worker_processes_train_the_same_model(call: Call) -> None:
    """In two shards it ends with the weights of one piece, up to rounding."""
    for threads in ("1", "2"):
        start(call, threads, "--max-steps", "10", "--threads", threads)
    one, two = load_file(f"1/{MODEL}"), load_file(f"2/{MODEL}")
    for name, array in one.items():
        np.testing.assert_allclose(two[name], array, rtol=0, atol=1e-4, err_msg=name)


def test_a_run_starts_from_it(run: str, call: Call) -> None:
    """Kind and sizes are those of the model to start from, on the command line and in Python."""
    train(call, "text.txt", "--init-from", run, "--max-steps", "1", "-o", "new")
    model = charseq.train("text.txt", init_from=run, max_steps=1, output="p")
    assert model.description == charseq.load("new").description == "window 3 x 8"
    message = "model.order is 3 in the model to start from; it cannot be 4"
    outcome = call("train", "text.txt", "--init-from", run, "--order", "4", "-o", "other")
    assert outcome == refusal(message)


@pytest.mark.parametrize(
    "command",
    [
        ("evaluate", "RUN", "text.txt", "--by", "class,word", "--hardest", "3", "--calibration"),
        ("evaluate", "RUN"),
        ("evaluate", "RUN", "text.txt", "--baseline", "unigram"),
        ("evaluate", "RUN", "text.txt", "--format", "html"),
        ("next", "RUN", "the ", "a"),
        ("sample", "RUN", "--length", "20", "--seed", "1"),
        ("sample", "RUN", "-n", "3", "--length", "20", "--seed", "1"),
        ("compare", "RUN", "RUN", "text.txt"),
        ("info", "RUN"),
    ],
    ids=lambda command: " ".join(command[:3]),
)
def test_every_command_takes_the_model(command: tuple[str, ...], run: str, call: Call) -> None:
    """Each command that takes a model takes this one."""
    outcome = call(*(run if word == "RUN" else word for word in command))
    assert outcome.code == 0, outcome.err
    assert outcome.out


def test_evaluate_has_the_figure_of_python(run: str, call: Call) -> None:
    """The command and charseq.load give a text the same bits."""
    outcome = call("evaluate", run, "text.txt", "--format", "json")
    bits = charseq.load(run).score(TEXT).bits_per_char
    assert json.loads(outcome.out)[0]["bits_per_char"] == pytest.approx(bits, rel=1e-6)


def test_info_has_the_settings_that_the_kind_uses(run: str, call: Call) -> None:
    """A trained kind may have an order and no cell: its own list of settings decides."""
    outcome = call("info", run, "--format", "json")
    (row,) = json.loads(outcome.out)
    assert (row["kind"], row["order"], row["hidden_size"]) == ("window", 3, 8)
    assert (row["cell"], row["num_layers"], row["embedding_size"]) == (None, None, None)
    assert "step" in call("info", run).out


@pytest.mark.parametrize("option", ["--gradient-flow", "--gates"])
def test_inspect_refuses_a_kind_without_states(option: str, run: str, call: Call) -> None:
    """It has weights, but no states and gates."""
    outcome = call("inspect", run, "text.txt", option)
    assert outcome == refusal("window 3 x 8: this kind of model has no states or gates")
    with pytest.raises(charseq.CharseqError, match="no states or gates"):
        charseq.load(run).states("the")


@pytest.mark.parametrize(("option", "key"), [("--cell", "cell"), ("--dropout", "dropout")])
def test_settings_of_other_kinds_are_refused(option: str, key: str, call: Call) -> None:
    """A setting that the kind does not use is an error, on the command line and in Python."""
    value = {"cell": "gru", "dropout": 0.5}[key]
    outcome = call("train", "text.txt", *SIZES, option, f"{value}", "-o", "x")
    assert outcome == refusal(f"{option} means nothing to a model of the kind window; leave it out")
    with pytest.raises(charseq.CharseqError, match=f"^{key} means nothing to a model of the kind window"):
        charseq.train("text.txt", kind="window", output="x", **{key: value})
    assert not Path("x").exists()
