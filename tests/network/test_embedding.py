from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.arrays import TokenArray
from charseq.network import embedding
from charseq.network.embedding import COLUMNS_AT_ONCE, lookup, lookup_gradient, one_hot_scratch
from tests import reference

V, D, T, N = 6, 3, 5, 4
UNSEEN = -1

MANY = COLUMNS_AT_ONCE
vocabularies = pytest.mark.parametrize("vocab_size", [V, MANY - 1, MANY, MANY + 1, 4 * MANY])


def some_tokens(num_steps: int = T, vocab_size: int = V) -> TokenArray:
    """Return tokens (num_steps, N) with repetitions, without the last token, and with an unseen one."""
    tokens = np.random.default_rng(0).integers(0, vocab_size - 1, (num_steps, N)).astype(np.int32)
    tokens[2, 1] = UNSEEN
    return tokens


def some_array(*shape: int) -> NDArray[Any]:
    return np.random.default_rng(1).normal(size=shape)


def gradient_of(columns: NDArray[Any], tokens: TokenArray, vocab_size: int = V) -> NDArray[Any]:
    """Return what `lookup_gradient` writes over an array and a scratch that hold other numbers."""
    out = np.full((len(columns), vocab_size), 9.0, columns.dtype)
    scratch = one_hot_scratch(tokens.size, vocab_size, columns.dtype)
    scratch.fill(9)
    lookup_gradient(columns, tokens, scratch, out=out)
    return out


def plain_gradient(columns: NDArray[Any], tokens: TokenArray, vocab_size: int = V) -> NDArray[Any]:
    """Return the product of the columns with the one-hot vectors of the tokens."""
    return columns @ reference.one_hot(tokens, vocab_size).reshape(-1, vocab_size)


def test_lookup_equals_a_one_hot_product() -> None:
    """Looking columns up is multiplying with a one-hot vector, an unseen token being the zero vector."""
    matrix, out = some_array(D, V), np.full((T, D, N), 9.0)
    lookup(matrix, some_tokens(), out=out)
    np.testing.assert_array_equal(out, matrix @ reference.one_hot(some_tokens(), V).transpose(0, 2, 1))


def test_lookup_of_unseen_tokens_alone_is_zero() -> None:
    """A window with nothing but unseen tokens is all zeros, whatever was there before."""
    out = np.full((T, D, N), 9.0)
    lookup(some_array(D, V), np.full((T, N), UNSEEN, np.int32), out=out)
    assert not out.any()


@pytest.mark.parametrize("num_steps", [T, 200])
@vocabularies
def test_gradient_equals_a_one_hot_product(vocab_size: int, num_steps: int) -> None:
    """The gradient of the matrix sums the columns of each token, repeated ones included."""
    tokens, columns = some_tokens(num_steps, vocab_size), some_array(D, num_steps * N)
    expected = plain_gradient(columns, tokens, vocab_size)
    np.testing.assert_allclose(gradient_of(columns, tokens, vocab_size), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("at_once", [1, 2, 4, 5, 6])
def test_tokens_are_summed_in_any_number_of_products(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where several products share the tokens that occur, the sums are those of a single product."""
    monkeypatch.setattr(embedding, "COLUMNS_AT_ONCE", at_once)
    columns, tokens = some_array(D, T * N), some_tokens()
    np.testing.assert_allclose(
        gradient_of(columns, tokens), plain_gradient(columns, tokens), rtol=0, atol=1e-14
    )


@vocabularies
def test_the_scratch_of_a_longer_window_serves_a_shorter_one(vocab_size: int) -> None:
    """A scratch made for more tokens gives the gradient of the tokens that there are."""
    tokens, columns, out = some_tokens(T, vocab_size), some_array(D, T * N), np.zeros((D, vocab_size))
    lookup_gradient(columns, tokens, one_hot_scratch(3 * tokens.size, vocab_size, np.float64), out=out)
    np.testing.assert_allclose(out, plain_gradient(columns, tokens, vocab_size), rtol=0, atol=1e-14)


def test_a_scratch_is_as_wide_as_one_product() -> None:
    """The scratch has a column for each token of a vocabulary, and never more than go into one product."""
    assert one_hot_scratch(T * N, V, np.float32).shape == (T * N, V)
    assert one_hot_scratch(T * N, 100 * MANY, np.float32).shape == (T * N, MANY)


@vocabularies
def test_a_repeated_token_collects_every_column(vocab_size: int) -> None:
    """When all tokens are the same, that column of the gradient is the sum of all columns."""
    columns = some_array(D, T * N)
    out = gradient_of(columns, np.full((T, N), 2, np.int32), vocab_size)
    np.testing.assert_allclose(out[:, 2], columns.sum(axis=1), rtol=0, atol=1e-14)


@vocabularies
def test_a_token_that_does_not_occur_has_no_gradient(vocab_size: int) -> None:
    """Columns of tokens that do not occur are written as zero, not left as they were."""
    assert not gradient_of(some_array(D, T * N), some_tokens(T, vocab_size), vocab_size)[:, -1].any()


@vocabularies
def test_unseen_tokens_have_no_gradient(vocab_size: int) -> None:
    """An unseen token adds to no column, not even to the last, which -1 would index."""
    assert not gradient_of(some_array(D, T * N), np.full((T, N), UNSEEN, np.int32), vocab_size).any()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@vocabularies
def test_the_gradient_goes_to_a_matrix_of_any_order(vocab_size: int, dtype: type, order: Any) -> None:
    """`out` may be stored row after row or column after column, in every dtype."""
    columns: NDArray[Any] = some_array(D, T * N).astype(dtype)
    matrix: NDArray[Any] = np.zeros((D, vocab_size), dtype, order=order)
    tokens = some_tokens(T, vocab_size)
    lookup_gradient(columns, tokens, one_hot_scratch(T * N, vocab_size, dtype), out=matrix)
    expected = plain_gradient(columns, tokens, vocab_size)
    np.testing.assert_allclose(matrix, expected, rtol=0, atol=1e-5)
