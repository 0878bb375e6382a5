from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.arrays import TokenArray
from charseq.network.embedding import lookup, lookup_gradient
from tests import reference

V, D, T, N = 6, 3, 5, 4
UNSEEN = -1


def some_tokens() -> TokenArray:
    """Return (T, N) tokens with repetitions, without token V - 1, and with an unseen one."""
    tokens = np.random.default_rng(0).integers(0, V - 1, (T, N)).astype(np.int32)
    tokens[2, 1] = UNSEEN
    return tokens


def some_array(*shape: int) -> NDArray[Any]:
    return np.random.default_rng(1).normal(size=shape)


def test_lookup_equals_a_one_hot_product() -> None:
    """Looking rows up is multiplying with a one-hot vector, an unseen token being the zero vector."""
    table, out = some_array(V, D), np.full((T, N, D), 9.0)
    lookup(table, some_tokens(), out=out)
    np.testing.assert_array_equal(out, reference.one_hot(some_tokens(), V) @ table)


def test_lookup_of_unseen_tokens_alone_is_zero() -> None:
    """A window with nothing but unseen tokens is all zeros, whatever was there before."""
    out = np.full((T, N, D), 9.0)
    lookup(some_array(V, D), np.full((T, N), UNSEEN, np.int32), out=out)
    assert not out.any()


def test_gradient_equals_a_one_hot_product() -> None:
    """The gradient of the table sums the rows of each token, repeated ones included."""
    rows, out = some_array(T, N, D), np.full((V, D), 9.0)
    lookup_gradient(rows, some_tokens(), out=out)
    expected = reference.one_hot(some_tokens(), V).reshape(-1, V).T @ rows.reshape(-1, D)
    np.testing.assert_allclose(out, expected, rtol=0, atol=1e-14)


def test_a_repeated_token_collects_every_row() -> None:
    """When all tokens are the same, that row of the gradient is the sum of all rows."""
    rows, out = some_array(T, N, D), np.zeros((V, D))
    lookup_gradient(rows, np.full((T, N), 2, np.int32), out=out)
    np.testing.assert_allclose(out[2], rows.sum(axis=(0, 1)), rtol=0, atol=1e-14)


def test_a_token_that_does_not_occur_has_no_gradient() -> None:
    """Rows of tokens that do not occur are written as zero, not left as they were."""
    out = np.full((V, D), 9.0)
    lookup_gradient(some_array(T, N, D), some_tokens(), out=out)
    assert not out[V - 1].any()


def test_unseen_tokens_have_no_gradient() -> None:
    """An unseen token adds to no row, not even to the last, which -1 would index."""
    out = np.full((V, D), 9.0)
    lookup_gradient(some_array(T, N, D), np.full((T, N), UNSEEN, np.int32), out=out)
    assert not out.any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_the_gradient_goes_to_a_transposed_matrix(dtype: type) -> None:
    """`out` may be the transpose of a matrix that is stored column after column."""
    rows: NDArray[Any] = some_array(T, N, D).astype(dtype)
    matrix: NDArray[Any] = np.zeros((D, V), dtype, order="F")
    lookup_gradient(rows, some_tokens(), out=matrix.T)
    expected = reference.one_hot(some_tokens(), V).reshape(-1, V).T @ rows.reshape(-1, D)
    np.testing.assert_allclose(matrix.T, expected, rtol=0, atol=1e-5)
