"""A long gradient keeps its direction and loses its length."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charseq.optim import clip_

vectors = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=20).map(np.array)


@given(vector=vectors, max_norm=st.floats(0, 1e3))
def test_the_norm_before_clipping_is_returned(vector: np.ndarray, max_norm: float) -> None:
    """The Euclidean norm before clipping is returned."""
    norm = math.sqrt(sum(x * x for x in vector.tolist()))
    assert clip_(vector, max_norm) == pytest.approx(norm, rel=1e-12)


@given(vector=vectors, max_norm=st.floats(1e-3, 1e3))
def test_a_clipped_gradient_is_no_longer_than_allowed(vector: np.ndarray, max_norm: float) -> None:
    """Afterwards the norm is at most `max_norm`."""
    clip_(vector, max_norm)
    assert np.linalg.norm(vector) <= max_norm * (1 + 1e-12)


def test_a_gradient_of_norm_5_clipped_to_1_is_a_fifth_of_itself() -> None:
    """(3, 4) has the norm 5; clipped to 1 it is (0.6, 0.8)."""
    vector = np.array([3.0, 4.0])
    assert clip_(vector, 1.0) == 5
    assert vector == pytest.approx([0.6, 0.8], rel=1e-15)


@given(vector=vectors, max_norm=st.floats(1e-3, 1e3))
def test_the_direction_is_kept(vector: np.ndarray, max_norm: float) -> None:
    """What is clipped is the old vector times one number between 0 and 1."""
    before = vector.copy()
    norm = clip_(vector, max_norm)
    factor = min(1.0, max_norm / norm) if norm else 1.0
    assert np.allclose(vector, factor * before, rtol=1e-12, atol=0)


@pytest.mark.parametrize("max_norm", [5.0, 5.1, 1e9, math.inf])
def test_a_short_gradient_is_left_bit_for_bit(max_norm: float) -> None:
    """A gradient that is not too long stays as it is, bit for bit."""
    vector = np.array([3.0, 4.0])
    clip_(vector, max_norm)
    assert vector.tolist() == [3, 4]


def test_a_maximum_of_zero_switches_clipping_off() -> None:
    """A maximum of 0 switches clipping off, and the norm is still returned."""
    vector = np.array([3e9, 4e9])
    assert clip_(vector, 0.0) == 5e9
    assert vector.tolist() == [3e9, 4e9]


def test_the_zero_gradient_stays_zero() -> None:
    """The zero vector has the norm 0 and stays."""
    vector = np.zeros(3)
    assert clip_(vector, 1.0) == 0
    assert not vector.any()


@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
def test_a_gradient_that_is_not_finite_is_left(bad: float) -> None:
    """An infinite or undefined norm leaves the vector, so that its cause can be seen."""
    vector = np.array([3.0, bad])
    norm = clip_(vector, 1.0)
    assert not math.isfinite(norm)
    assert np.array_equal(vector, [3.0, bad], equal_nan=True)


def test_a_gradient_whose_norm_overflows_is_left() -> None:
    """Finite numbers whose norm overflows are left as well."""
    vector = np.full(4, 1e30, np.float32)
    with np.errstate(over="ignore"):
        assert clip_(vector, 1.0) == math.inf
    assert np.array_equal(vector, np.full(4, 1e30, np.float32))
