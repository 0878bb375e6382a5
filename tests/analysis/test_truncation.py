"""Truncated gradients: as by central differences, where each window sees the state before it as fixed."""

import math

import numpy as np
import pytest

from charseq.analysis import truncation as module
from charseq.analysis.truncation import TruncatedGradient, Truncation, truncation
from charseq.arrays import FloatArray
from charseq.config import CellName
from charseq.errors import DataError
from charseq.network import CharModel
from charseq.text.codec import Codec
from tests.analysis.test_gradient_flow import TOKENIZER, each_cell, lines, make_model, random_text

STREAM, LINE = Codec(TOKENIZER, "stream"), Codec(TOKENIZER, "line")


def gradient_by_differences(model: CharModel, codec: Codec, text: str, window: int) -> FloatArray:
    """Return the gradient of the sum of all losses, where each window sees the state before it as fixed.

    The text is one piece that is read from the zero state, with the parameters below the output layer moved.
    """
    inputs, targets, starts, _ = codec.examples(text)
    resets = np.arange(len(targets)) == 0 if starts is None else starts
    work, eps = model.workspace(window, 1, resets=True, backward=False), 1e-6
    state, begins = model.initial_state(1), []

    def nats(first: int) -> float:
        part = slice(first, first + window)
        logits = model.forward(inputs[part, None], state, work, resets=resets[part, None])[:, 0]
        log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return float(-log_p[np.arange(window), targets[part]].sum())

    for first in range(0, len(targets), window):
        begins.append({name: array.copy() for name, array in state.arrays.items()})
        nats(first)
    slopes = []
    for name, array in model.params.items():
        for index in [] if name.startswith("projection.") else np.ndindex(array.shape):
            before, sums = array[index], []
            for moved in (before + eps, before - eps):
                array[index] = moved
                total = 0.0
                for number, kept in enumerate(begins):
                    for key, values in state.arrays.items():
                        values[...] = kept[key]
                    total += nats(number * window)
                sums.append(total)
            array[index] = before
            slopes.append((sums[0] - sums[1]) / (2 * eps))
    return np.array(slopes)


def compared(gradient: FloatArray, whole: FloatArray) -> tuple[float, float]:
    """Return the angle in degrees and the ratio of the lengths."""
    a, b = np.linalg.norm(gradient), np.linalg.norm(whole)
    return math.degrees(math.acos(min(1.0, gradient @ whole / (a * b)))), float(a / b)


def bptt(found: Truncation) -> list[TruncatedGradient]:
    return [one for one in found.gradients if one.method == "bptt"]


@pytest.mark.parametrize("codec", [STREAM, LINE], ids=["stream", "line"])
@each_cell
def test_angles_and_lengths_are_those_of_central_differences(cell: CellName, codec: Codec) -> None:
    """In lines, the state begins anew inside a window too."""
    model, text = make_model(cell, hidden_size=2), lines(2, 4) if codec is LINE else random_text(8)
    found = truncation(model, codec, text, num_streams=1)
    assert (found.num_steps, found.num_streams) == (8, 1)
    assert [one.window for one in bptt(found)] == [1, 2, 4, 8]
    whole = gradient_by_differences(model, codec, text, 8)
    for one in bptt(found):
        angle, length = compared(gradient_by_differences(model, codec, text, one.window), whole)
        assert one.length == pytest.approx(length, rel=1e-5)
        assert one.angle == pytest.approx(angle, rel=1e-4, abs=1e-3)


@pytest.mark.parametrize("rms_norm", [False, True])
@each_cell
def test_learning_in_real_time_is_the_check(cell: CellName, rms_norm: bool) -> None:
    """Its gradient, in windows of one step, is the whole one; that of backpropagation is not."""
    model = make_model(cell, rms_norm=rms_norm)
    found = truncation(model, STREAM, random_text(200), num_steps=32, num_streams=3)
    check, shortest = found.gradients[-1], found.gradients[0]
    assert (check.method, check.window) == ("rtrl", 1)
    assert check.angle < 1e-6
    assert check.length == pytest.approx(1, rel=1e-10)
    assert shortest.angle > 1


def test_the_whole_window_is_the_whole_gradient() -> None:
    whole = bptt(truncation(make_model("lstm"), STREAM, random_text(100), num_steps=64))[-1]
    assert (whole.window, whole.angle, whole.length) == (64, 0, 1)


def test_a_large_network_goes_without_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PRODUCTS", 1000)
    found = truncation(make_model("rnn"), STREAM, random_text(20))
    assert {one.method for one in found.gradients} == {"bptt"}


def test_stacked_layers_go_without_the_check() -> None:
    found = truncation(make_model("gru", 2), STREAM, random_text(20))
    assert {one.method for one in found.gradients} == {"bptt"}


def test_dropout_is_off() -> None:
    text = random_text(40)
    with_dropout = truncation(make_model("gru", dropout=0.5), STREAM, text)
    assert with_dropout == truncation(make_model("gru"), STREAM, text)


@pytest.mark.parametrize(("num_chars", "num_steps", "num_streams"), [(2, 2, 1), (9, 8, 1), (600, 256, 2)])
def test_short_texts_have_shorter_pieces(num_chars: int, num_steps: int, num_streams: int) -> None:
    found = truncation(make_model("rnn"), STREAM, random_text(num_chars))
    assert (found.num_steps, found.num_streams) == (num_steps, num_streams)


@pytest.mark.parametrize("text", ["a", "zz"], ids=["one character", "unknown characters"])
def test_too_short(text: str) -> None:
    with pytest.raises(DataError, match=r"^too short for gradients"):
        truncation(make_model("rnn"), STREAM, text)


def test_unknown_characters_cost_nothing() -> None:
    """Their losses are left out; what follows them is read on."""
    found = truncation(make_model("gru"), STREAM, f"{random_text(10)}zz{random_text(20)}", num_streams=1)
    assert all(math.isfinite(one.angle) for one in found.gradients)
