"""Gradient steps while reading: their gradients, the update, and going back."""

from typing import Any

import numpy as np
import pytest

from charseq.adaptation.gradient import PULL, WINDOW, GradientSteps
from charseq.arrays import BoolArray, FloatArray, TokenArray
from charseq.cells import CELLS
from charseq.config import CellName
from charseq.gradients import Job
from charseq.gradients.step import TrainingStep
from charseq.network import CharModel
from charseq.text.batches import Window
from tests.adaptation.builders import V, config_of, network, p_of, resets_of, steps, tokens_of
from tests.builders import assert_close

TOKENS = tokens_of(6 * WINDOW + 1, seed=2)
RESETS = resets_of(6 * WINDOW)


def window(k: int, *, resets: bool) -> tuple[TokenArray, TokenArray, BoolArray | None]:
    some = slice(k * WINDOW, (k + 1) * WINDOW)
    return TOKENS[some], TOKENS[some.start + 1 : some.stop + 1], RESETS[some] if resets else None


def learn(member: GradientSteps, k: int, *, resets: bool) -> FloatArray:
    tokens, targets, marks = window(k, resets=resets)
    logits = member.predict(tokens, marks)
    member.learn(tokens, targets, marks)
    return logits


def test_compiled_code_learns_on_when_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the third window here; the numbers are those of numpy but for rounding."""
    pytest.importorskip("numba")
    expected, member = steps(rate=0.1, cell="lstm"), steps(rate=0.1, cell="lstm")
    plain = [learn(expected, k, resets=True) for k in range(6)]
    monkeypatch.setattr("charseq.adaptation.gradient.WORK_THAT_PAYS", 3 * 3 * WINDOW * 400_000)
    for k in range(6):
        assert member._model.is_compiled == (k >= 3)
        assert_close(learn(member, k, resets=True), plain[k], tolerance=1e-5)
    assert not expected._model.is_compiled


def weights_of(member: GradientSteps) -> FloatArray:
    flat: FloatArray = member.save()[0]
    return flat.copy()


@pytest.mark.parametrize("resets", [False, True], ids=["stream", "lines"])
@pytest.mark.parametrize("cell", CELLS)
def test_the_gradient_is_that_of_the_training_step(cell: CellName, resets: bool) -> None:
    """For the same weights and the same state at the beginning of the second window."""
    member = steps(rate=0.0, cell=cell)
    learn(member, 0, resets=resets)
    learn(member, 1, resets=resets)
    model = network(cell)
    state = model.initial_state(1)
    step = TrainingStep(Job(model, WINDOW, 1, resets=True, seed=0), state, slice(0, 1))
    for k in (0, 1):
        tokens, targets, marks = window(k, resets=resets)
        known = (targets >= 0).astype(np.float32)[:, None]
        read = Window(
            tokens[:, None], np.maximum(targets, 0)[:, None], None if marks is None else marks[:, None]
        )
        read = read._replace(weights=known)
        step(read, 0, total_weight=read.total_weight)
    for name, gradient in step.grads.items():
        assert_close(member.gradients[name], gradient, tolerance=1e-6, name=name)


def test_the_update_is_that_of_the_formula() -> None:
    """Two windows: down the gradient by each matrix's rate, and a thousandth of the way back."""
    scales = {"projection.V": 3.0, "layers.0.W": 0.5}
    member, trained = steps(rate=0.1, scales=scales), network().params
    now = {name: array.astype(np.float64) for name, array in trained.items()}
    for k in (0, 1):
        learn(member, k, resets=False)
        for name, gradient in member.gradients.items():
            back = float(PULL) * (trained[name] - now[name])
            now[name] += -0.1 * scales.get(name, 1.0) * gradient + back
        expected = CharModel(config_of(), V).params
        for name, array in now.items():
            expected[name][...] = array
        assert_close(weights_of(member), expected.flat, tolerance=1e-6)


def test_the_weights_go_back_where_nothing_is_to_be_learnt() -> None:
    """After windows without gradients the weights are a share of the way nearer to the trained ones."""
    member, trained = steps(rate=0.1), network().params.flat
    learn(member, 0, resets=False)
    away = weights_of(member) - trained
    for _ in range(10):
        unseen = np.full(WINDOW, -1, np.int32)
        member.predict(unseen, None)
        member.learn(unseen, unseen, None)
    assert_close(weights_of(member) - trained, away * (1 - PULL) ** 10, tolerance=1e-6)


@pytest.mark.parametrize("resets", [False, True], ids=["stream", "lines"])
def test_token_by_token_learns_what_whole_windows_learn(resets: bool) -> None:
    """Predictions and weights differ by rounding alone."""
    whole, parts = steps(rate=0.2), steps(rate=0.2)
    for k in range(6):
        tokens, targets, marks = window(k, resets=resets)
        expected = whole.predict(tokens, marks)
        pieces = [slice(t, t + 1) for t in range(WINDOW)] if k % 2 else [slice(0, 7), slice(7, WINDOW)]
        read = [parts.predict(tokens[some], None if marks is None else marks[some]) for some in pieces]
        assert_close(p_of(np.concatenate(read)), p_of(expected), tolerance=1e-6)
        for member in (whole, parts):
            member.learn(tokens, targets, marks)
    assert_close(weights_of(parts), weights_of(whole), tolerance=1e-6)


def test_it_learns() -> None:
    """The same window over and over costs less and less."""
    member = steps(rate=1.0)
    tokens, targets, _ = window(0, resets=False)
    prices = []
    for _ in range(30):
        p = p_of(member.predict(tokens, None))
        seen = targets >= 0
        prices.append(-np.log(p[seen, targets[seen]]).mean())
        member.learn(tokens, targets, None)
    assert prices[-1] < prices[0] / 2


def test_the_model_itself_stays_as_it_is() -> None:
    """Learning is done with a copy of the weights."""
    before = network().params.flat.copy()
    member = steps(rate=0.5)
    for k in range(6):
        learn(member, k, resets=True)
    np.testing.assert_array_equal(network().params.flat, before)
    assert np.abs(weights_of(member) - before).max() > 1e-3


def test_a_rate_of_zero_leaves_the_weights() -> None:
    """Not even their last bits change, and the predictions are those of the model."""
    member, model = steps(rate=0.0), network()
    work, state = model.workspace(WINDOW, 1, resets=True), model.initial_state(1)
    for k in range(3):
        expected = model.forward(window(k, resets=False)[0][:, None], state, work)[:, 0]
        assert_close(learn(member, k, resets=False), expected, tolerance=1e-6)
    np.testing.assert_array_equal(weights_of(member), model.params.flat)


@pytest.mark.parametrize("read_before", [0, 7, WINDOW])
def test_a_saved_point_is_restored(read_before: int) -> None:
    """Within a window or at its end: predictions, and what is learnt then, are the same bits again."""
    member = steps(rate=0.3)
    learn(member, 0, resets=False)
    tokens, targets, _ = window(1, resets=False)
    if read_before:
        member.predict(tokens[:read_before], None)
    saved = member.save()

    def go_on() -> list[Any]:
        found = []
        if read_before < WINDOW:
            found.append(member.predict(tokens[read_before:], None))
        member.learn(tokens, targets, None)
        return [*found, weights_of(member), learn(member, 2, resets=False)]

    first = go_on()
    learn(member, 3, resets=False)
    member.restore_(saved)
    for one, two in zip(go_on(), first, strict=True):
        assert_close(one, two, tolerance=1e-6)
    member.restore_(saved)
    again = go_on()
    member.restore_(saved)
    for one, two in zip(go_on(), again, strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_rate_without_measure_does_no_harm() -> None:
    """Where numbers would overflow, the weights begin again at the trained ones; all logits are finite."""
    member = steps(rate=1e6, scales=dict.fromkeys(network().params, 100.0))
    for _ in range(4):
        for k in range(6):
            assert np.isfinite(learn(member, k, resets=True)).all()
    assert np.isfinite(weights_of(member)).all()
