"""Losses on candidates: their equations, how candidates are drawn, and what is right on average."""

import itertools
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.config import ModelConfig, OptimConfig, TrainConfig
from charseq.gradients import LOSSES, Job, Plan
from charseq.gradients.losses import SoftmaxLoss
from charseq.gradients.sampled import CandidateLoss, NegativeSampling, SampledSoftmax, unigram
from charseq.gradients.sources import backpropagation
from charseq.gradients.step import TrainingStep
from charseq.network import CharModel
from charseq.network.parameters import Gradient, Parameters
from charseq.network.projection import Projection
from charseq.text import UNSEEN
from charseq.text.batches import Window
from charseq.training.update import Update

Array = NDArray[Any]
both = pytest.mark.parametrize("kind", [SampledSoftmax, NegativeSampling])


class Fixed:
    """A generator whose random numbers draw given tokens."""

    def __init__(self, q: Array, tokens: list[int]) -> None:
        self._numbers = (np.cumsum(q) - q / 2)[tokens]

    def random(self, count: int) -> Array:
        assert count == len(self._numbers)
        return self._numbers


def price(
    loss: CandidateLoss, z: Array, targets: list[int], rng: Any, weights: list[float] | None = None
) -> tuple[float, Array]:
    """Return the loss for the logits z (V, M), each with a target, and its gradient, (V, M)."""
    V, M = z.shape
    projection = Projection(hidden_size=M, vocab_size=V)
    params = Parameters(projection.shapes, np.float64)
    params["projection.V"][...] = z  # with unit vectors as hidden states, V h is z
    grads, work = params.like(), loss.workspace(params, M)
    value = loss.gradient(
        np.eye(M),
        np.array([targets], np.int32),
        projection,
        params,
        grads,
        work,
        weights=None if weights is None else np.array([weights]),
        total_weight=1.0,
        rng=cast(np.random.Generator, rng),
        out=np.empty((M, M)),
    )
    return value, grads["projection.V"].copy()


# ---- the equations


Q = np.array([0.5, 0.2, 0.2, 0.1])
Z = np.array([[1.0, -0.5], [0.3, 2.0], [-1.0, 0.1], [0.7, 0.4]])
DRAWN, TARGETS = [0, 0, 3], [3, 1]


def test_the_sampled_softmax_is_that_of_its_equation() -> None:
    """-z(t) + log(e^z(t) / (K q(t)) + sum over drawn w of e^z(w) / (K q(w))), for both targets."""
    expected = 0.0
    for m, t in enumerate(TARGETS):
        terms = [np.exp(Z[w, m]) / (3 * Q[w]) for w in (t, *DRAWN)]
        expected += -Z[t, m] + np.log(sum(terms))
    value, _ = price(SampledSoftmax(Q, 3), Z, TARGETS, Fixed(Q, DRAWN))
    assert value == pytest.approx(expected, rel=1e-12)


def test_negative_sampling_is_that_of_its_equation() -> None:
    """A yes for the target and a no for each drawn token, of scores z(w) - log(V K q(w))."""
    expected = 0.0
    for m, t in enumerate(TARGETS):
        s = Z[:, m] - np.log(4 * 3 * Q)
        expected += np.log1p(np.exp(-s[t])) + sum(np.log1p(np.exp(s[w])) for w in DRAWN)
    value, _ = price(NegativeSampling(Q, 3), Z, TARGETS, Fixed(Q, DRAWN))
    assert value == pytest.approx(expected, rel=1e-12)


@both
def test_large_logits_do_not_overflow(kind: type[CandidateLoss]) -> None:
    """Logits of a thousand have a finite loss and gradient."""
    value, gradient = price(kind(Q, 3), 1e3 * Z, TARGETS, Fixed(Q, DRAWN))
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


@both
def test_a_target_without_weight_may_be_unseen(kind: type[CandidateLoss]) -> None:
    """It adds nothing to the loss and to the gradient."""
    value, gradient = price(kind(Q, 3), Z, [3, UNSEEN], Fixed(Q, DRAWN), [1.0, 0.0])
    alone, its = price(kind(Q, 3), Z[:, :1], [3], Fixed(Q, DRAWN))
    assert value == pytest.approx(alone, rel=1e-12)
    np.testing.assert_allclose(gradient, np.hstack([its, np.zeros((4, 1))]), atol=1e-15)


# ---- right on average


def expected_gradient(loss: CandidateLoss, z: Array, p: Array, num_drawn: int) -> Array:
    """Return the mean gradient by z (V,) over all targets and all ways to draw candidates, exactly."""
    total = np.zeros(len(z))
    for drawn in itertools.product(range(len(z)), repeat=num_drawn):
        for target, share in enumerate(p):
            chance = share * np.prod(Q[list(drawn)])
            total += chance * price(loss, z[:, None], [target], Fixed(Q, list(drawn)))[1][:, 0]
    return total


@pytest.mark.parametrize("num_drawn", [1, 2, 3])
@both
def test_the_true_probabilities_are_a_minimum_for_any_number_of_candidates(
    kind: type[CandidateLoss], num_drawn: int
) -> None:
    """Where the model's softmax is the truth the mean gradient is zero, as hits of the target are kept."""
    p = np.array([0.1, 0.4, 0.2, 0.3])
    z = np.log(p) + np.log(4)
    assert np.abs(expected_gradient(kind(Q, num_drawn), z, p, num_drawn)).max() < 1e-12
    assert np.abs(expected_gradient(kind(Q, num_drawn), z + Z[:, 0], p, num_drawn)).max() > 1e-2


def test_many_candidates_are_the_softmax() -> None:
    """With a hundred thousand candidates the loss and the gradient are those of the whole vocabulary."""
    value, gradient = price(SampledSoftmax(Q, 100_000), Z, TARGETS, np.random.default_rng(0))
    softmax = np.exp(Z) / np.exp(Z).sum(axis=0)
    expected = softmax - np.eye(4)[TARGETS].T
    assert value == pytest.approx(-np.log(softmax[TARGETS, [0, 1]]).sum(), rel=1e-2)
    np.testing.assert_allclose(gradient, expected, atol=1e-2)


# ---- candidates


def test_candidates_are_drawn_by_the_power_of_their_counts() -> None:
    """16 times as frequent is drawn 8 times as often; a token that never occurred as one that did once."""
    np.testing.assert_allclose(unigram(np.array([16, 1, 0])), np.array([8, 1, 1]) / 10)
    drawn = SampledSoftmax(Q, 100_000).draw(np.array([2]), 4, np.random.default_rng(0))
    np.testing.assert_allclose(drawn.counts / 100_000, Q, atol=5e-3)
    np.testing.assert_allclose(np.exp(drawn.log_expected), 100_000 * Q)
    assert drawn.own_log_expected == np.log(100_000 * Q[2])


@both
def test_a_run_gives_the_distribution_and_the_number(kind: type[CandidateLoss]) -> None:
    """The text's counts and `num_negatives` make the candidates of a run."""
    loss = kind().for_run(TrainConfig(num_negatives=7), lambda: np.array([1, 0, 81]))
    drawn = loss.draw(np.array([0]), 3, np.random.default_rng(0))
    assert drawn.counts.sum() == 7
    np.testing.assert_allclose(np.exp(drawn.own_log_expected), 7 / 29)


def test_only_a_price_estimates_nats() -> None:
    """The sampled softmax does; negative sampling does not, and says so."""
    assert [LOSSES[name].is_price for name in ("softmax", "sampled", "negative")] == [True, True, False]


# ---- in a network


V, T, N = 300, 6, 4


def make_job(
    kind: type[CandidateLoss], *, embedding_size: int = 3, dtype: type = np.float64, **more: Any
) -> Job:
    config = ModelConfig(hidden_size=4, num_layers=2, dropout=0.3, embedding_size=embedding_size)
    model = CharModel(config, V, dtype)
    model.params.flat[...] = np.random.default_rng(1).normal(0, 0.5, model.params.flat.size)
    return Job(model, T, N, resets=True, seed=3, loss=kind(unigram(np.arange(V)[::-1]), 20), **more)


def make_window(seed: int = 0) -> Window:
    rng, shape = np.random.default_rng(seed), (T, N)
    inputs, targets = rng.integers(-1, V, (2, *shape)).astype(np.int32)
    return Window(inputs, targets, rng.random(shape) < 0.2, np.where(targets < 0, 0.0, rng.random(shape)))


def dense(grads: Gradient) -> dict[str, Array]:
    """Return copies of the whole arrays, zero where nothing was touched."""
    found = {name: grads[name].copy() for name in grads}
    for name, tokens in grads.touched.items():
        found[name][...] = 0
        grads.rows_of(found[name], name)[tokens] = grads.entries(name)
    return found


def learnt(job: Job, plan: Plan) -> list[tuple[float, dict[str, Array]]]:
    with backpropagation(job, job.model.initial_state(N), plan) as source:
        return [
            (loss, dense(grads)) for loss, grads in (source.gradient(make_window(k), k) for k in range(3))
        ]


@pytest.mark.parametrize("embedding_size", [0, 3])
@both
def test_shards_draw_the_same_candidates_and_add_up(kind: type[CandidateLoss], embedding_size: int) -> None:
    """Two shards have together the loss and the gradient of the batch in one piece."""
    job = make_job(kind, embedding_size=embedding_size)
    job.model.config = job.model.config.model_copy(update={"dropout": 0.0})  # type: ignore[attr-defined]
    for (whole, grads), (loss, sharded) in zip(learnt(job, Plan()), learnt(job, Plan(2)), strict=True):
        assert loss == pytest.approx(whole, rel=1e-12)
        for name, array in grads.items():
            np.testing.assert_allclose(sharded[name], array, rtol=0, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("embedding_size", [0, 3])
@both
def test_touched_rows_are_the_whole_gradient(kind: type[CandidateLoss], embedding_size: int) -> None:
    """Kept by rows, the gradient is that which whole arrays hold, and only a part of it."""
    job, window = make_job(kind, embedding_size=embedding_size), make_window()
    found = []
    for by_rows in (True, False):
        step = TrainingStep(job, job.model.initial_state(N), slice(0, N))
        step.grads = job.model.params.like(by_rows=by_rows)
        step.grads.flat.fill(9)
        step(window, 0, total_weight=1.0)
        found.append(step.grads)
    inputs = "embedding.E" if embedding_size else "layers.0.U"
    assert found[0].touched.keys() == {inputs, "projection.V", "projection.c"}
    assert all(len(tokens) <= T * N + 20 for tokens in found[0].touched.values())
    whole = dense(found[1])
    for name, array in dense(found[0]).items():
        np.testing.assert_allclose(array, whole[name], rtol=0, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("embedding_size", [0, 3])
@both
def test_no_other_row_is_read_or_written(kind: type[CandidateLoss], embedding_size: int) -> None:
    """Steps with clipping, decay, moments and average go well where all other rows are nan, and stay so."""
    job, window = make_job(kind, embedding_size=embedding_size, dtype=np.float32), make_window()
    params = job.model.params
    inputs = "embedding.E" if embedding_size else "layers.0.U"
    with backpropagation(job, job.model.initial_state(N), Plan()) as source:
        _, grads = source.gradient(window, 0)
        touched = {name: tokens.copy() for name, tokens in grads.touched.items()}
    for name, tokens in touched.items():
        rows = grads.rows_of(params[name], name)
        kept = rows[tokens].copy()
        rows[...] = np.nan
        rows[tokens] = kept
    update = Update(params, OptimConfig(max_grad_norm=0.1), "numpy", by_rows=True)
    before = {name: array.copy() for name, array in params.items()}
    with backpropagation(job, job.model.initial_state(N), Plan()) as source:
        for _ in range(2):
            loss, grads = source.gradient(window, 0)
            assert np.isfinite(loss)
            assert np.isfinite(update(grads, learning_rate=0.1, after_step=lambda _: None))
    for name in (inputs, "projection.V", "projection.c"):
        same = grads.rows_of((params[name] == before[name]) | np.isnan(params[name]), name)
        resting = np.setdiff1d(np.arange(V), touched[name])
        assert same[resting].all()
        assert not same[touched[name]].reshape(len(touched[name]), -1).all(axis=1).all()


@both
def test_candidates_depend_on_the_step_and_not_on_the_stream(kind: type[CandidateLoss]) -> None:
    """The same step draws the same; the next one draws anew."""
    job = make_job(kind)
    draws = [job.candidate_rng(step).random() for step in (0, 0, 1)]  # type: ignore[union-attr]
    assert draws[0] == draws[1] != draws[2]
    assert replace(job, loss=SoftmaxLoss()).candidate_rng(0) is None


def test_scoring_costs_more_than_training_on_candidates() -> None:
    """Validations are as much rarer as their products are more."""
    job = make_job(SampledSoftmax, embedding_size=0)
    num_recurrent = sum(job.model.params[f"layers.{name}"].size for name in ("0.W", "1.U", "1.W"))
    assert job.reading_cost == pytest.approx((num_recurrent + 4 * V) / (num_recurrent + 4 * 20))
    assert replace(job, loss=SoftmaxLoss()).reading_cost == 1
