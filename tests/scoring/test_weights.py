"""The weights of a mixture: the best that there are, by brute force, also where some of them are zero."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.models.mixture import RULES
from charseq.network.loss import log_softmax
from charseq.scoring.predictions import Predictions
from charseq.scoring.weights import fit, mean_nats
from tests.builders import assert_close, random_array

Array = NDArray[Any]
N, V = 1500, 5
every_rule = pytest.mark.parametrize("rule", RULES)


def members(*hints: float, seed: int = 0) -> Predictions:
    """Return members whose logits are random, plus what each knows about the targets."""
    targets = np.random.default_rng(seed).integers(0, V, N).astype(np.int32)
    logits = [random_array(N, V, seed=seed + 1 + k) for k in range(len(hints))]
    for one, hint in zip(logits, hints, strict=True):
        one[np.arange(N), targets] += hint
    return Predictions([log_softmax(one) for one in logits], targets)


def alone(predictions: Predictions, rule: str) -> float:
    """Return the mean nats of the best member."""
    return min(mean_nats(predictions, one, rule) for one in np.eye(predictions.num_members))


def lowest(predictions: Predictions, rule: str, *, step: float, around: Sequence[float]) -> float:
    """Return the lowest mean nats on a grid of 7 x 7 weights; linear ones are made to sum to one."""
    found = []
    for offsets in product(range(-3, 4), repeat=len(around)):
        weights = np.maximum(np.array(around) + step * np.array(offsets), 0)
        if rule == "linear":
            if not weights.sum():
                continue
            weights /= weights.sum()
        found.append(mean_nats(predictions, weights, rule))
    return min(found)


HINTS = [(1.5, 1.5), (2.0, 0.5), (0.3, 3.0), (1.0, -1.0), (0.0, 0.0)]
every_pair = pytest.mark.parametrize("hints", HINTS, ids=str)


@every_rule
@every_pair
def test_no_weights_nearby_are_better(hints: tuple[float, float], rule: str) -> None:
    """Neither near nor far, whether the optimum lies inside or on a bound."""
    predictions = members(*hints)
    weights = fit(predictions, rule)
    for step in (0.001, 0.02, 0.3):
        best = lowest(predictions, rule, step=step, around=weights.tolist())
        assert mean_nats(predictions, weights, rule) <= best + 1e-6


@every_rule
@every_pair
def test_the_mixture_is_never_worse_than_its_best_member(hints: tuple[float, float], rule: str) -> None:
    """On the text that the weights are fitted on."""
    predictions = members(*hints)
    assert mean_nats(predictions, fit(predictions, rule), rule) <= alone(predictions, rule) + 1e-12


@every_rule
def test_two_that_know_different_things_are_better_than_each(rule: str) -> None:
    """That is what mixtures are for."""
    predictions = members(1.5, 1.5)
    assert mean_nats(predictions, fit(predictions, rule), rule) < alone(predictions, rule) - 0.03


@every_rule
def test_a_member_that_is_mostly_wrong_has_no_weight(rule: str) -> None:
    """The optimum lies on the bound."""
    assert fit(members(2.0, 1.0, -2.0), rule)[2] == pytest.approx(0, abs=1e-6)


def test_log_linear_weights_need_not_sum_to_one() -> None:
    """Two that agree for different reasons are right more often than each says."""
    assert fit(members(1.5, 1.5), "log-linear").sum() > 1.3


def test_linear_weights_sum_to_one() -> None:
    """They are shares."""
    assert_close(fit(members(1.5, 1.0, 0.5), "linear").sum(), 1)


@every_rule
def test_the_same_member_twice_is_as_good_as_once(rule: str) -> None:
    """The weights are shared evenly, since nothing speaks for either."""
    one = members(1.0)
    log_p = next(log_p[0] for log_p, _ in one.blocks())
    twice = Predictions([log_p, log_p], one.targets)
    first, second = fit(twice, rule)
    assert first == pytest.approx(second, abs=1e-6)
    single = fit(one, rule)
    assert_close(
        mean_nats(twice, np.array([first, second]), rule), mean_nats(one, single, rule), tolerance=1e-6
    )


def test_members_that_are_worse_than_a_guess_have_no_weight_at_all() -> None:
    """What is left is the uniform distribution."""
    weights = fit(members(-2.0, -2.0), "log-linear")
    assert weights.tolist() == [0, 0]


@every_rule
def test_a_text_that_is_guessed_without_a_miss_leaves_the_weights_finite(rule: str) -> None:
    """Three tokens do not make anyone sure."""
    logits = np.eye(V)[[0, 1, 2]] * 3
    log_p = [log_softmax(logits), log_softmax(logits[:, ::-1])]
    weights = fit(Predictions(log_p, np.arange(3, dtype=np.int32)), rule)
    assert weights.sum() < 10


@every_rule
def test_predictions_without_a_doubt_overflow_nothing(rule: str) -> None:
    """A probability of 1e-300 is one like others."""
    sure = np.full((4, V), -700.0)  # so small beside 0 that it is log p as it is
    sure[:, 0] = 0
    targets = np.array([0, 1, 0, 1], np.int32)
    predictions = Predictions([sure, np.roll(sure, 1, axis=1) * 10], targets)
    assert np.isfinite(fit(predictions, rule)).all()


@every_rule
def test_many_members_are_weighed_at_once(rule: str) -> None:
    """Those that know more weigh more."""
    weights = fit(members(*np.linspace(0.2, 2.0, 12)), rule)
    assert weights[-3:].min() > weights[:3].max()
