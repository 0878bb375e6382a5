"""The moving average of the parameters: the means it gives, its span, and its place in the model."""

import numpy as np
import pytest

from charseq.arrays import FloatArray
from charseq.network.parameters import Gradient, Parameters
from charseq.training.averaging import Average

SIZE = 70_000
"""A length of vectors that are averaged in several parts."""


def vectors(count: int) -> list[FloatArray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=SIZE).astype(np.float32) for _ in range(count)]


def average_of(given: list[FloatArray], span: float) -> FloatArray:
    params = Parameters({"W": (SIZE,)})
    average = Average(params, span)
    for step, vector in enumerate(given, start=1):
        params.flat[...] = vector
        average.add_(params.like(), step, {})
    return average.values


def params_of(values: list[float]) -> Parameters:
    params = Parameters({"W": (len(values),)})
    params.flat[...] = values
    return params


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
    params = params_of([0.0, 0.0, 0.0])
    average = Average(params, 0.5)
    params.flat += 1
    assert not average.values.any()


def test_the_model_holds_the_average_for_a_while() -> None:
    """Within the block the array holds the average, and then its own bits again."""
    params = params_of([3.0, 4.0])
    average = Average(params, 0.5)
    params.flat[...] = [0.1, 0.2]
    before = params.flat.copy()
    with average.in_place():
        np.testing.assert_array_equal(params.flat, [3.0, 4.0])
    np.testing.assert_array_equal(params.flat, before)


def test_the_model_gets_its_parameters_back_after_an_error() -> None:
    """An interrupt within the block leaves the latest parameters behind."""
    params = params_of([2.0])
    average = Average(params, 0.5)
    params.flat[...] = 1
    with pytest.raises(KeyboardInterrupt), average.in_place():
        raise KeyboardInterrupt
    assert params.flat.tolist() == [1.0]


# ---- by rows


def touching(params: Parameters, rng: np.random.Generator) -> Gradient:
    """Return a gradient that touches some rows of V and columns of E, and the whole of W."""
    grads = params.like(by_rows=True)
    for name, axis in params.tables.items():
        tokens = rng.permutation(params.shapes[name][axis])[:3].astype(np.int32)
        grads.set_rows_(name, tokens, np.ones_like(grads.rows_of(params[name], name)[tokens]))
    return grads


@pytest.mark.parametrize("span", [0.1, 0.5])
def test_an_average_by_rows_is_the_average(span: float) -> None:
    """Rows that rest for a while have the average of all steps nevertheless, whenever it is asked for."""
    rng = np.random.default_rng(0)
    shapes = {"embedding.E": (4, 9), "W": (3, 3), "projection.V": (9, 2), "projection.c": (9,)}
    params = Parameters(shapes, np.float64, tables={"embedding.E": 1})
    params.flat[...] = rng.normal(size=params.flat.size)
    average, expected = Average.of(params, span, by_rows=True), params.flat.copy()
    for step in range(1, 60):
        grads = touching(params, rng)
        average.prepare_(grads, grads.of(params))
        params["W"][...] += rng.normal(size=(3, 3))
        for name, tokens in grads.touched.items():
            grads.rows_of(params[name], name)[tokens] += rng.normal()
        average.add_(grads, step, grads.of(params))
        expected += (params.flat - expected) / max(1, span * step)
        if step % 7 == 0:
            np.testing.assert_allclose(average.now(), expected, rtol=0, atol=1e-12)
