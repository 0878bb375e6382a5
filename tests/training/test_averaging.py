"""The moving average of the parameters: the means it gives, its span, and its place in the model."""

import numpy as np
import pytest

from charseq.arrays import FloatArray
from charseq.training.averaging import Average

SIZE = 70_000
"""A length of vectors that are averaged in several parts."""


def vectors(count: int) -> list[FloatArray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=SIZE).astype(np.float32) for _ in range(count)]


def average_of(given: list[FloatArray], span: float) -> FloatArray:
    average = Average(np.zeros(SIZE, np.float32), span)
    for step, vector in enumerate(given, start=1):
        average.add_(vector, step)
    return average.values


def test_a_span_of_all_steps_gives_their_mean() -> None:
    """With span 1 each vector counts alike, and the first parameters do not count."""
    given = vectors(7)
    np.testing.assert_allclose(average_of(given, 1.0), np.mean(given, axis=0), atol=1e-6)


@pytest.mark.parametrize("span", [0.1, 0.3])
def test_the_average_is_that_of_the_equation(span: float) -> None:
    """a(t) = a(t-1) + (w(t) - a(t-1)) / max(1, span * t)."""
    expected = np.zeros(SIZE)
    for step, vector in enumerate(vectors(15), start=1):
        expected += (vector - expected) / max(1, span * step)
    np.testing.assert_allclose(average_of(vectors(15), span), expected, atol=1e-6)


def test_the_weight_of_old_vectors_depends_on_the_share_of_the_run() -> None:
    """Twice as many steps remember twice as many of them."""
    weights = [
        average_of([np.full(SIZE, step <= steps // 2, np.float32) for step in range(steps)], 0.2)[0]
        for steps in (400, 800)
    ]
    assert weights[0] == pytest.approx(weights[1], abs=1e-3)
    assert weights[0] == pytest.approx(0.5**5, abs=3e-3)


def test_without_a_span_nothing_is_averaged() -> None:
    """The values stay those at the beginning."""
    assert not average_of(vectors(3), 0.0).any()


def test_the_first_vector_is_copied() -> None:
    """The average does not follow the array that it began with."""
    first = np.zeros(3, np.float32)
    average = Average(first, 0.5)
    first += 1
    assert not average.values.any()


def test_the_model_holds_the_average_for_a_while() -> None:
    """Within the block the array holds the average, and then its own bits again."""
    latest, average = np.array([0.1, 0.2], np.float32), Average(np.array([3.0, 4.0], np.float32), 0.5)
    before = latest.copy()
    with average.in_place_of(latest):
        np.testing.assert_array_equal(latest, [3.0, 4.0])
    np.testing.assert_array_equal(latest, before)


def test_the_model_gets_its_parameters_back_after_an_error() -> None:
    """An interrupt within the block leaves the latest parameters behind."""
    latest, average = np.array([1.0], np.float32), Average(np.array([2.0], np.float32), 0.5)
    with pytest.raises(KeyboardInterrupt), average.in_place_of(latest):
        raise KeyboardInterrupt
    assert latest.tolist() == [1.0]
