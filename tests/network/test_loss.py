from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.network.loss import ROWS_AT_ONCE, cross_entropy_, log_softmax
from tests import reference
from tests.complex_step import check_gradients

T, N, V = 4, 3, 5


def some_logits(scale: float = 2.0, T: int = T, N: int = N) -> NDArray[Any]:
    return np.random.default_rng(0).normal(0, scale, (T, N, V))


def some_targets(T: int = T, N: int = N) -> NDArray[np.int32]:
    return np.random.default_rng(1).integers(0, V, (T, N)).astype(np.int32)


def test_cross_entropy_equals_the_textbook() -> None:
    """The loss is the mean of -log softmax at the targets, in nats."""
    loss = cross_entropy_(some_logits(), some_targets())
    assert loss == pytest.approx(reference.cross_entropy(some_logits(), some_targets()), abs=1e-12)


def test_cross_entropy_agrees_with_log_softmax() -> None:
    """The loss and `log_softmax` say the same."""
    log_p = np.take_along_axis(log_softmax(some_logits()), some_targets()[..., None], axis=-1)
    assert cross_entropy_(some_logits(), some_targets()) == pytest.approx(-log_p.mean(), abs=1e-12)


def test_equal_logits_cost_the_logarithm_of_the_vocabulary() -> None:
    """Knowing nothing costs log V nats per character."""
    assert cross_entropy_(np.zeros((T, N, V)), some_targets()) == pytest.approx(np.log(V), abs=1e-12)


def test_cross_entropy_is_a_python_float() -> None:
    """A loss of float32 logits is a float, as reports and JSON want it."""
    assert type(cross_entropy_(some_logits().astype(np.float32), some_targets())) is float


def test_the_gradient_of_cross_entropy() -> None:
    """What cross_entropy_ leaves in the logits is the derivative of the loss, by the complex step."""
    logits = some_logits().astype(np.complex128)
    gradient = logits.copy()
    cross_entropy_(gradient, some_targets())
    check_gradients(
        lambda: cross_entropy_(logits.copy(), some_targets()), {"logits": logits}, {"logits": gradient}
    )


def test_the_gradient_of_each_character_sums_to_zero() -> None:
    """Adding the same number to all logits of a character changes nothing."""
    gradient = some_logits()
    cross_entropy_(gradient, some_targets())
    np.testing.assert_allclose(gradient.sum(axis=-1), 0, atol=1e-15)


many_rows = pytest.mark.parametrize(
    ("T", "N"), [(ROWS_AT_ONCE - 1, 1), (16, ROWS_AT_ONCE // 16), (1, ROWS_AT_ONCE + 1), (37, 21)]
)


@many_rows
def test_many_rows_cost_what_the_textbook_says(T: int, N: int) -> None:
    """That rows go through the softmax a chunk at a time shows in no loss."""
    logits, targets = some_logits(T=T, N=N), some_targets(T, N)
    expected = reference.cross_entropy(logits, targets)
    assert cross_entropy_(logits, targets) == pytest.approx(expected, rel=0, abs=1e-12)


@many_rows
def test_many_rows_have_the_gradient_of_the_textbook(T: int, N: int) -> None:
    """That rows go through the softmax a chunk at a time shows in no gradient: it is that of the mean."""
    logits, targets = some_logits(T=T, N=N), some_targets(T, N)
    expected = (np.exp(reference.log_softmax(logits)) - reference.one_hot(targets, V)) / (T * N)
    cross_entropy_(logits, targets)
    np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-12 / (T * N))


@pytest.mark.parametrize("border", [1, 10, 20])
def test_shares_add_up(border: int) -> None:
    """The streams of a batch, dealt out with `total_weight` of the whole, sum to its mean and gradient."""
    T, N = 37, 21
    whole, targets = some_logits(T=T, N=N), some_targets(T, N)
    parts = [whole[:, :border].copy(), whole[:, border:].copy()]
    halves = [targets[:, :border], targets[:, border:]]
    shares = [
        cross_entropy_(part, half, total_weight=T * N) for part, half in zip(parts, halves, strict=True)
    ]
    assert sum(shares) == pytest.approx(cross_entropy_(whole, targets), rel=0, abs=1e-12)
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, rtol=1e-12, atol=0)


# ---- weights


def some_weights(T: int = T, N: int = N) -> NDArray[np.float64]:
    """Return weights of which some are zero and some above one."""
    return np.random.default_rng(2).choice([0.0, 0.25, 1.0, 2.0], (T, N))


@many_rows
def test_a_target_of_weight_w_counts_w_times(T: int, N: int) -> None:
    """The loss is the sum of weight times nats, over the sum of the weights."""
    logits, targets, weights = some_logits(T=T, N=N), some_targets(T, N), some_weights(T, N)
    nats = -np.take_along_axis(reference.log_softmax(logits), targets[..., None], axis=-1)[..., 0]
    expected = (weights * nats).sum() / weights.sum()
    assert cross_entropy_(logits, targets, weights=weights) == pytest.approx(expected, rel=0, abs=1e-12)


def test_the_gradient_of_a_weighted_loss() -> None:
    """The gradient of weighted targets is the derivative of the loss, by the complex step."""
    logits, weights = some_logits().astype(np.complex128), some_weights()
    gradient = logits.copy()
    cross_entropy_(gradient, some_targets(), weights=weights, total_weight=7.5)
    check_gradients(
        lambda: cross_entropy_(logits.copy(), some_targets(), weights=weights, total_weight=7.5),
        {"logits": logits},
        {"logits": gradient},
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_of_one_change_nothing(dtype: type) -> None:
    """Weights that are all 1 give the loss to rounding, and the gradient bit for bit, of no weights."""
    weighted, plain = some_logits().astype(dtype), some_logits().astype(dtype)
    loss = cross_entropy_(weighted, some_targets(), weights=np.ones((T, N)))
    assert loss == pytest.approx(cross_entropy_(plain, some_targets()), rel=1e-15)
    np.testing.assert_array_equal(weighted, plain)


def test_a_target_of_weight_zero_has_no_gradient() -> None:
    """Logits before a target that does not count are of no influence."""
    logits, weights = some_logits(), some_weights()
    cross_entropy_(logits, some_targets(), weights=weights)
    assert not logits[weights == 0].any()
    assert logits[weights > 0].all()


def test_nothing_counts_of_a_part_without_weight() -> None:
    """Streams none of whose targets counts add nothing to the loss of a batch, nor to its gradient."""
    logits = some_logits()
    assert cross_entropy_(logits, some_targets(), weights=np.zeros((T, N)), total_weight=3.0) == 0
    assert not logits.any()


# ---- numbers out of proportion


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_loss_of_huge_logits_is_finite(dtype: type) -> None:
    """Logits of 1e4 and -1e4 give a finite loss: the cost of a wrong target is their distance."""
    logits: NDArray[Any] = np.full((1, 2, V), -1e4, dtype)
    logits[..., 1] = 1e4
    assert cross_entropy_(logits, np.array([[1, 0]], np.int32)) == pytest.approx(1e4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_characters_of_huge_and_of_tiny_logits(dtype: type) -> None:
    """Only differences count: logits that are all 1e4 or all -1e4 cost log V, side by side as alone."""
    logits: NDArray[Any] = np.full((1, 2, V), 1e4, dtype)
    logits[0, 1] = -1e4
    assert cross_entropy_(logits, some_targets(1, 2)) == pytest.approx(np.log(V))


@pytest.mark.parametrize(("row", "cost"), [([0, -1_000_001], 1_000_001), ([0, 0, 0, 0, 0], np.log(5))])
def test_losses_of_float32_are_summed_in_float64(row: list[float], cost: float) -> None:
    """The mean of 255 equal costs, each a float32, is that float32: their sum loses nothing."""
    logits = np.tile(np.array(row, np.float32), (255, 1, 1))
    loss = cross_entropy_(logits, np.ones((255, 1), np.int32))
    assert loss == float(np.float32(loss)) == pytest.approx(cost, rel=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_gradient_of_huge_logits_is_finite(dtype: type) -> None:
    """Logits of 1e4 give the gradient of a certain prediction: nothing if right, plus and minus if wrong."""
    logits: NDArray[Any] = np.full((1, 2, V), -1e4, dtype)
    logits[..., 1] = 1e4
    cross_entropy_(logits, np.array([[1, 0]], np.int32))
    np.testing.assert_array_equal(logits, [[[0, 0, 0, 0, 0], [-0.5, 0.5, 0, 0, 0]]])


def test_log_softmax_equals_the_textbook() -> None:
    """log_softmax is the logits minus the logarithm of the sum of their exponentials."""
    np.testing.assert_allclose(
        log_softmax(some_logits()), reference.log_softmax(some_logits()), rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("scale", [1, 1e2, 1e4])
def test_probabilities_sum_to_one(scale: float) -> None:
    """The exponentials of log_softmax sum to one, also for huge logits."""
    np.testing.assert_allclose(np.exp(log_softmax(some_logits(scale))).sum(axis=-1), 1, rtol=0, atol=1e-12)


def test_log_softmax_computes_in_float64() -> None:
    """float32 logits are widened before anything is computed."""
    logits = some_logits().astype(np.float32)
    np.testing.assert_array_equal(log_softmax(logits), log_softmax(logits.astype(np.float64)))


def test_log_softmax_leaves_its_argument_alone() -> None:
    """Only names that end in _ change what they are given."""
    logits = some_logits()
    log_softmax(logits)
    np.testing.assert_array_equal(logits, some_logits())
