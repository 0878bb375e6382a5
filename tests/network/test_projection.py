from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.network.parameters import Parameters
from charseq.network.projection import Projection
from tests.complex_step import check_gradients

Array: TypeAlias = NDArray[Any]

T, H, V = 3, 4, 5

any_batch_size = pytest.mark.parametrize("N", [2, 1])
either_order = pytest.mark.parametrize("transposed", [False, True], ids=["rows", "transposed"])


def make_projection(dtype: type = np.float64) -> tuple[Projection, Parameters]:
    projection = Projection(hidden_size=H, vocab_size=V)
    params = Parameters(projection.shapes, dtype)
    params.flat[...] = np.random.default_rng(0).normal(size=params.flat.size)
    return projection, params


def make_h(num_streams: int, *, transposed: bool, dtype: type = np.float64) -> Array:
    """Return h (H, T*N), stored column after column if `transposed`, as that of a single stream is."""
    shape = (T * num_streams, H) if transposed else (H, T * num_streams)
    h: Array = np.random.default_rng(1).normal(size=shape).astype(dtype)
    return h.T if transposed else h


@either_order
@any_batch_size
def test_logits_are_a_product_plus_a_bias(N: int, transposed: bool) -> None:
    """The logits of each step and stream are V h + c."""
    projection, params = make_projection()
    h = make_h(N, transposed=transposed)
    logits = projection.forward(h, params, out=np.full((T, N, V), 9.0))
    for t, n in np.ndindex(T, N):
        expected = params["projection.V"] @ h.reshape(H, T, N)[:, t, n] + params["projection.c"]
        np.testing.assert_allclose(logits[t, n], expected, rtol=0, atol=1e-12)


@any_batch_size
def test_logits_are_written_to_out(N: int) -> None:
    """`forward` returns the very array it was given."""
    projection, params = make_projection()
    out = np.zeros((T, N, V))
    assert projection.forward(np.ones((H, T * N)), params, out=out) is out
    assert np.all(out != 0)


@any_batch_size
def test_the_gradient_by_h_is_written_to_out(N: int) -> None:
    """`backward` returns the very array it was given, and changes neither dlogits nor h."""
    projection, params = make_projection()
    out, h, dlogits = np.full((H, T * N), np.nan), np.ones((H, T * N)), np.ones((T, N, V))
    assert projection.backward(dlogits, h, params, params.like(), out=out) is out
    assert np.all(np.isfinite(out))
    assert np.all(h == 1)
    assert np.all(dlogits == 1)


@either_order
@any_batch_size
def test_the_gradient_of_the_projection(N: int, transposed: bool) -> None:
    """The derivatives by V, c and h equal the complex step, whatever was there before."""
    projection, params = make_projection(np.complex128)
    h = make_h(N, transposed=transposed, dtype=np.complex128)
    dlogits = np.random.default_rng(2).normal(size=(T, N, V)) + 0j
    grads = params.like()
    grads.flat.fill(9)
    dh = projection.backward(dlogits, h, params, grads, out=np.full_like(h, 9))

    def loss() -> complex:
        return complex(np.sum(dlogits * projection.forward(h, params, out=np.empty_like(dlogits))))

    check_gradients(loss, {**params, "h": h}, {**grads, "h": dh})


def test_initial_weights_are_within_their_bound() -> None:
    """V is uniform within 1 / sqrt(H)."""
    projection, params = make_projection()
    projection.initialise_(params, np.random.default_rng(3))
    bound, weights = H**-0.5, params["projection.V"]
    assert 0.8 * bound < np.abs(weights).max() <= bound
    assert weights.min() < -bound / 2 < bound / 2 < weights.max()


def test_the_gradient_of_a_frozen_projection_is_that_of_the_hidden_states() -> None:
    """The bias and the hidden states have their gradients; there is none of V."""
    rng, projection = np.random.default_rng(0), Projection(hidden_size=3, vocab_size=4)
    params = Parameters(projection.shapes, np.float64)
    params.flat[...] = rng.normal(size=params.flat.size)
    h, dlogits = rng.normal(size=(3, 10)), rng.normal(size=(5, 2, 4))
    whole, some = params.like(), params.like(frozen=("projection.V",))
    expected = projection.backward(dlogits, h, params, whole, out=np.empty_like(h))
    actual = projection.backward(dlogits, h, params, some, out=np.empty_like(h))
    np.testing.assert_array_equal(actual, expected)
    np.testing.assert_array_equal(some.flat, whole["projection.c"])


def test_some_logits_and_their_gradients_are_those_of_all() -> None:
    """Logits of some tokens, and of a token for each state, with the gradients that all would have."""
    rng, projection = np.random.default_rng(0), Projection(hidden_size=3, vocab_size=6)
    params = Parameters(projection.shapes, np.float64)
    params.flat[...] = rng.normal(size=params.flat.size)
    h, some, own = rng.normal(size=(3, 4)), np.array([5, 0], np.int32), np.array([2, 5, 2, 1], np.int32)
    every = projection.forward(h, params, out=np.empty((4, 1, 6)))[:, 0]
    out = np.empty((4, 2))
    np.testing.assert_allclose(projection.forward_some(h, params, some, own, out=out), every[range(4), own])
    np.testing.assert_allclose(out, every[:, some])
    dsome, down, dlogits = rng.normal(size=(4, 2)), rng.normal(size=4), np.zeros((4, 1, 6))
    dlogits[:, 0, some] = dsome
    dlogits[range(4), 0, own] += down
    whole, rows = params.like(), params.like(by_rows=True)
    expected = projection.backward(dlogits, h, params, whole, out=np.empty_like(h))
    actual = projection.backward_some(dsome, down, h, params, some, own, rows, out=np.empty_like(h))
    np.testing.assert_allclose(actual, expected, atol=1e-14)
    assert rows.touched["projection.V"].tolist() == [0, 1, 2, 5]
    np.testing.assert_allclose(rows.entries("projection.V"), whole["projection.V"][[0, 1, 2, 5]], atol=1e-14)
    np.testing.assert_allclose(rows.entries("projection.c"), whole["projection.c"][[0, 1, 2, 5]], atol=1e-14)
