"""A choice of targets and a loss, one definition and one registration each, taken through `charseq train`."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

import charseq
from charseq.gradients import LOSSES, TARGETS, Plan
from charseq.gradients.step import Job, TrainingStep, batch_weight
from charseq.runs.directory import MODEL
from charseq.text import CharTokenizer
from charseq.text.batches import Window
from charseq.text.codec import Codec
from tests.builders import validations
from tests.cli.conftest import Call
from tests.complex_step import check_gradients
from tests.extensions.label_smoothing import LabelSmoothing
from tests.extensions.vowel_targets import vowels
from tests.gradients.builders import learnt, make_job, make_window

CODEC = Codec(CharTokenizer.fit("abcdefg"), "stream")


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch, clean_surroundings: None) -> None:
    """Register both, and stand in an empty directory with one corpus in it."""
    monkeypatch.setitem(TARGETS, "toy", vowels)
    monkeypatch.setitem(LOSSES, "toy", LabelSmoothing())
    Path("text.txt").write_text("the rain in spain stays\nmainly in the plain\n" * 12)


def job_of(loss: str, **options: Any) -> Job:
    """Return the job of the builders, with one of the registered losses."""
    job = make_job("gru", **options)
    return Job(job.model, job.num_steps, job.num_streams, job.resets, job.seed, LOSSES[loss])


def weighted_window(num_streams: int) -> Window:
    """Return a window of the characters a to g, in which a and e count."""
    window = make_window(num_streams)
    return window._replace(weights=TARGETS["toy"](CODEC)(window))


def start(call: Call, run: str, *options: str) -> None:
    sizes = ("--hidden-size", "6", "--batch-size", "4", "--seq-length", "10", "--max-steps", "20")
    outcome = call("train", "text.txt", "-o", run, *sizes, "--backend", "numpy", "--quiet", *options)
    assert outcome.code == 0, outcome.err


def curve(run: str) -> list[float]:
    """Return the training losses of a run's validations."""
    return [record["train_nats_per_char"] for record in validations(run)]


@pytest.mark.parametrize("loss", ["softmax", "toy"])
def test_the_gradient_of_both_together(loss: str) -> None:
    """Whatever the loss, the gradient of weighted targets is that of the complex step."""
    job = job_of(loss, num_streams=2, dtype=np.complex128, hidden_size=3)
    window, state = weighted_window(2), job.model.initial_state(2)
    step = TrainingStep(job, state, slice(0, 2))

    def value() -> complex:
        state.reset_()
        return step(window, 0, total_weight=batch_weight(window))

    value()
    grads = {name: array.copy() for name, array in step.grads.items()}
    check_gradients(value, job.model.params, grads)


def test_targets_without_weight_are_not_learnt() -> None:
    """Which consonant a target is has no influence on loss and gradient."""
    job, window = job_of("softmax"), weighted_window(6)
    others = window.targets.copy()
    others[window.weights == 0] = CODEC.tokenizer.spell("b")[0]
    assert (others != window.targets).any()
    losses, gradients, _ = learnt(job, Plan(), [window])
    other_losses, other_gradients, _ = learnt(job, Plan(), [window._replace(targets=others)])
    assert losses == other_losses
    np.testing.assert_array_equal(gradients, other_gradients)


def test_shards_share_both() -> None:
    """In two shards the weighted loss and its gradient are those of one piece."""
    job, windows = job_of("toy"), [weighted_window(6)]
    whole, shards = learnt(job, Plan(), windows), learnt(job, Plan(2), windows)
    np.testing.assert_allclose(shards[0], whole[0], rtol=1e-13)
    np.testing.assert_allclose(shards[1], whole[1], rtol=0, atol=1e-13)


@pytest.mark.parametrize("threads", ["1", "2"])
def test_both_are_trained_from_the_command_line(threads: str, call: Call) -> None:
    """`charseq train --loss toy --loss-on toy` learns, and its loss per character falls."""
    start(call, "run", "--loss", "toy", "--loss-on", "toy", "--eval-every", "5", "--threads", threads)
    losses = curve("run")
    assert len(losses) == 4
    assert losses[-1] < losses[0]


def test_each_makes_a_model_of_its_own(call: Call) -> None:
    """The loss and the choice of targets combine: four runs, four different models."""
    for name, options in {
        "neither": [],
        "loss": ["--loss", "toy"],
        "targets": ["--loss-on", "toy"],
        "both": ["--loss", "toy", "--loss-on", "toy"],
    }.items():
        start(call, name, "--threads", "1", *options)
    models = [load_file(f"{name}/{MODEL}")["projection.V"] for name in ("neither", "loss", "targets", "both")]
    assert len({model.tobytes() for model in models}) == 4


def test_a_run_is_resumed_with_both(call: Call) -> None:
    """A run goes on with its loss and its targets; neither can be changed on the way."""
    start(call, "run", "--threads", "1", "--loss", "toy", "--loss-on", "toy")
    outcome = call("train", "--resume", "run", "--max-steps", "25", "--quiet")
    assert outcome.code == 0, outcome.err
    for option, key in (("--loss", "train.loss"), ("--loss-on", "data.loss_on")):
        outcome = call("train", "--resume", "run", option, "softmax" if key == "train.loss" else "all")
        assert (outcome.code, f"{key} cannot change" in outcome.err) == (2, True)


def test_an_unknown_name_is_refused(call: Call) -> None:
    """A loss that is not registered is an error that lists those that are."""
    outcome = call("train", "text.txt", "--loss", "tax")
    assert outcome.code == 2
    assert "softmax, sampled, negative, toy" in outcome.err


def test_a_model_learns_the_characters_that_count(call: Call) -> None:
    """A run on vowels counts vowels alone, and then knows them better than the others."""
    start(call, "run", "--threads", "1", "--loss-on", "toy", "--learning-rate", "0.05")
    surprisal = charseq.load("run").surprisal(text := Path("text.txt").read_text())
    is_vowel = np.array([char in "aeiou" for char in text])
    assert surprisal.bits[is_vowel].mean() < surprisal.bits[~is_vowel].mean()


def test_its_model_is_loaded_and_evaluated(call: Call) -> None:
    """A model trained with both is read like any other."""
    start(call, "run", "--threads", "1", "--loss", "toy", "--loss-on", "toy")
    outcome = call("evaluate", "run", "text.txt", "--format", "json")
    assert outcome.code == 0, outcome.err
    bits = charseq.load("run").score(Path("text.txt").read_text()).bits_per_char
    assert json.loads(outcome.out)[0]["bits_per_char"] == pytest.approx(bits, rel=1e-6)
