"""A gradient source in one class and one registration, taken through `charseq train`, resume included."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import charseq
from charseq.gradients import SOURCES, Plan
from charseq.runs.directory import LAST, MODEL
from tests.cli.conftest import Call
from tests.extensions.one_by_one import OneByOne
from tests.gradients.builders import learnt, make_job, make_window


@pytest.fixture(autouse=True)
def _toy(monkeypatch: pytest.MonkeyPatch, clean_surroundings: None) -> None:
    """Register the source, and stand in an empty directory with one corpus in it."""
    monkeypatch.setitem(SOURCES, "toy", OneByOne)
    Path("text.txt").write_text("the rain in spain stays\nmainly in the plain\n" * 12)


def train(call: Call, *arguments: str) -> None:
    outcome = call("train", *arguments, "--quiet")
    assert outcome.code == 0, outcome.err


def start(call: Call, run: str, *options: str) -> None:
    sizes = ("--hidden-size", "6", "--batch-size", "4", "--seq-length", "10", "--num-layers", "2")
    train(call, "text.txt", "-o", run, *sizes, "--backend", "numpy", "--threads", "1", *options)


def test_its_gradient_is_that_of_backpropagation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Summed over single streams, loss, gradient and state are those of all streams at once."""
    job, windows = make_job(), [make_window(6, weighted=True, seed=k) for k in range(3)]
    losses, gradients, state = learnt(job, Plan(), windows)
    monkeypatch.setattr("tests.gradients.builders.backpropagation", SOURCES["toy"])
    toy_losses, toy_gradients, toy_state = learnt(job, Plan(), windows)
    np.testing.assert_allclose(toy_losses, losses, rtol=1e-13)
    np.testing.assert_allclose(toy_gradients, gradients, rtol=0, atol=1e-13)
    for name, array in state.arrays.items():
        np.testing.assert_allclose(toy_state.arrays[name], array, rtol=0, atol=1e-13)


def test_it_trains_the_model_that_backpropagation_trains(call: Call) -> None:
    """A run with --gradient toy ends with the weights of one without, up to rounding."""
    start(call, "toy", "--gradient", "toy", "--max-steps", "20")
    start(call, "bptt", "--max-steps", "20")
    toy, bptt = load_file(f"toy/{MODEL}"), load_file(f"bptt/{MODEL}")
    assert toy.keys() == bptt.keys()
    for name, array in bptt.items():
        np.testing.assert_allclose(toy[name], array, rtol=0, atol=1e-4, err_msg=name)


def test_it_is_resumed_bit_for_bit(call: Call) -> None:
    """12 steps and 8 more are 20: weights, memory of the optimizer and what the source itself keeps."""
    start(call, "parts", "--gradient", "toy", "--max-steps", "12", "--schedule", "constant")
    start(call, "again", "--gradient", "toy", "--max-steps", "20", "--schedule", "constant")
    train(call, "--resume", "parts", "--max-steps", "20")
    parts, again = load_file(f"parts/{LAST}"), load_file(f"again/{LAST}")
    assert parts.keys() == again.keys()
    for name, array in again.items():
        np.testing.assert_array_equal(parts[name], array, err_msg=name)


def test_the_trainer_tells_it_what_happens(call: Call) -> None:
    """It hears of every update, and of the end of an epoch, where streams are handed on."""
    start(call, "run", "--gradient", "toy", "--num-epochs", "2")
    saved = load_file(f"run/{LAST}")
    assert saved["training.gradient.num_windows"] == saved["training.gradient.num_updates"] > 0
    assert not saved["training.gradient.since_forgotten"].any()


def test_another_source_cannot_go_on_with_its_run(call: Call) -> None:
    """The source belongs to the run: a change of it is refused."""
    start(call, "run", "--gradient", "toy", "--max-steps", "2")
    outcome = call("train", "--resume", "run", "--gradient", "bptt")
    assert outcome.code == 2
    assert "train.gradient cannot change" in outcome.err


def test_its_model_is_loaded_and_evaluated(call: Call) -> None:
    """A model trained by it is read like any other."""
    start(call, "run", "--gradient", "toy", "--max-steps", "20")
    outcome = call("evaluate", "run", "text.txt", "--format", "json")
    assert outcome.code == 0, outcome.err
    bits = charseq.load("run").score(Path("text.txt").read_text()).bits_per_char
    assert json.loads(outcome.out)[0]["bits_per_char"] == pytest.approx(bits, rel=1e-6)
