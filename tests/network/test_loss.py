from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.network.loss import cross_entropy_, log_softmax
from tests import reference
from tests.gradients import check_gradients

T, N, V = 4, 3, 5


def some_logits(scale: float = 2.0) -> NDArray[Any]:
    return np.random.default_rng(0).normal(0, scale, (T, N, V))


def some_targets() -> NDArray[np.int32]:
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


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_loss_of_huge_logits_is_finite(dtype: type) -> None:
    """Logits of 1e4 and -1e4 give a finite loss: the cost of a wrong target is their distance."""
    logits: NDArray[Any] = np.full((1, 2, V), -1e4, dtype)
    logits[..., 1] = 1e4
    assert cross_entropy_(logits, np.array([[1, 0]], np.int32)) == pytest.approx(1e4)


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
