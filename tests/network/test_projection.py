import numpy as np
import pytest

from charseq.network.projection import Projection
from charseq.parameters import Parameters
from tests.gradients import check_gradients

T, H, V = 3, 4, 5

any_batch_size = pytest.mark.parametrize("N", [2, 1])


def make_projection(dtype: type = np.float64) -> tuple[Projection, Parameters]:
    projection = Projection(hidden_size=H, vocab_size=V)
    params = Parameters(projection.shapes, dtype)
    params.flat[...] = np.random.default_rng(0).normal(size=params.flat.size)
    return projection, params


@any_batch_size
def test_logits_are_a_product_plus_a_bias(N: int) -> None:
    """The logits of each step and stream are V h + c."""
    projection, params = make_projection()
    h = np.random.default_rng(1).normal(size=(T, H, N))
    logits = projection.forward(h, params, np.empty(h.size), out=np.full((T, N, V), 9.0))
    for t, n in np.ndindex(T, N):
        expected = params["projection.V"] @ h[t, :, n] + params["projection.c"]
        np.testing.assert_allclose(logits[t, n], expected, rtol=0, atol=1e-12)


@any_batch_size
def test_logits_are_written_to_out(N: int) -> None:
    """`forward` returns the very array it was given."""
    projection, params = make_projection()
    out = np.zeros((T, N, V))
    assert projection.forward(np.ones((T, H, N)), params, np.empty(T * H * N), out=out) is out
    assert np.all(out != 0)


@any_batch_size
def test_the_gradient_of_the_projection(N: int) -> None:
    """The derivatives by V, c and h equal the complex step."""
    projection, params = make_projection(np.complex128)
    rng = np.random.default_rng(2)
    h = rng.normal(size=(T, H, N)) + 0j
    dlogits = rng.normal(size=(T, N, V)) + 0j
    grads = params.like()
    scratch = np.empty(h.size, h.dtype)
    dh = projection.backward(dlogits, h, params, grads, scratch, out=np.empty_like(h))

    def loss() -> complex:
        return complex(np.sum(dlogits * projection.forward(h, params, scratch, out=np.empty_like(dlogits))))

    check_gradients(loss, {**params, "h": h}, {**grads, "h": dh})


def test_initial_weights_are_within_their_bound() -> None:
    """V is uniform within 1 / sqrt(H)."""
    projection, params = make_projection()
    projection.initialise_(params, np.random.default_rng(3))
    bound = H**-0.5
    assert 0.8 * bound < np.abs(params["projection.V"]).max() <= bound
