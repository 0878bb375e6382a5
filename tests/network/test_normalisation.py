"""Root mean squares of gates: against the equation, at zero, by the complex step, and in any company."""

import numpy as np
import pytest

from charseq.network.normalisation import EPSILON, Normalisation
from tests import reference
from tests.builders import assert_close, random_array
from tests.complex_step import check_gradients

G, H, N = 3, 5, 4


def normalised(v: np.ndarray, t: int = 0, num_steps: int = 1) -> tuple[np.ndarray, Normalisation]:
    """Return the normalised product, and what keeps the rest for the way back."""
    norm, y = Normalisation(G, v.shape, num_steps, v.dtype), v.copy()
    norm.forward_(y, t)
    return y, norm


def test_each_gate_of_each_stream_is_divided_by_its_root_mean_square() -> None:
    """No gate and no stream has a part in another one's, and one stream alone is a vector."""
    v = random_array(G * H, N) * np.repeat([0.1, 1, 30], H)[:, None]
    expected = np.stack([reference.rms_norm(column, G) for column in v.T], axis=1)
    assert_close(normalised(v)[0], expected)
    assert_close(normalised(v[:, 0])[0], expected[:, 0])


def test_zero_stays_zero() -> None:
    """The state before a text is zero, and so is its product; a small one is raised by no more than 32."""
    assert not normalised(np.zeros((G * H, N)))[0].any()
    assert EPSILON**-0.5 < 32


@pytest.mark.parametrize("scale", [0.01, 1])
def test_the_way_back_is_the_complex_step(scale: float) -> None:
    """The gradient of a weighted sum of y, with other steps normalised in between."""
    v, dy = scale * random_array(G * H, N).astype(np.complex128), random_array(G * H, N, seed=1)
    _, norm = normalised(v, t=1, num_steps=3)
    for t in (0, 2):
        norm.forward_(random_array(G * H, N, seed=t).astype(np.complex128), t)
    dv = dy.astype(np.complex128)
    norm.backward_(dv, 1)
    check_gradients(lambda: complex(np.sum(dy * normalised(v)[0])), {"v": v}, {"v": dv})


def test_a_stream_has_the_same_bits_in_any_company() -> None:
    """The sum over the units is made stream by stream, in the same order for any number of them."""
    v = random_array(3 * 256, 40).astype(np.float32)
    some = slice(8, 16)
    np.testing.assert_array_equal(normalised(v)[0][:, some], normalised(v[:, some].copy())[0])
