import tracemalloc
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.arrays import TokenArray
from charseq.network import embedding
from charseq.network.embedding import (
    MAX_ONE_HOT,
    OneHot,
    lookup,
    lookup_gradient,
    sums_by_token,
)
from tests import reference
from tests.builders import pairwise, random_array

V, D, T, N = 6, 3, 5, 4
UNSEEN = -1

MANY = MAX_ONE_HOT
VOCABULARIES = [V, MANY - 1, MANY, MANY + 1, 4 * MANY]
vocabularies = pytest.mark.parametrize("vocab_size", VOCABULARIES)


def some_tokens(num_steps: int = T, vocab_size: int = V) -> TokenArray:
    """Return tokens (num_steps, N) with repetitions, without the last token, and with an unseen one."""
    tokens = np.random.default_rng(0).integers(0, vocab_size - 1, (num_steps, N)).astype(np.int32)
    tokens[2, 1] = UNSEEN
    return tokens


def gradient_of(columns: NDArray[Any], tokens: TokenArray, vocab_size: int = V) -> NDArray[Any]:
    """Return what `lookup_gradient` writes over an array and in a memory that hold other numbers."""
    out = np.full((len(columns), vocab_size), 9.0, columns.dtype)
    lookup_gradient(columns, tokens, used_one_hot(tokens.size, vocab_size, columns.dtype), out=out)
    return out


def used_one_hot(num_tokens: int, vocab_size: int, dtype: np.dtype | type = np.float64) -> OneHot:
    """Return a memory that is full: every row and column of it has met its token, and is 9."""
    one_hot = OneHot(num_tokens, vocab_size, dtype)
    rows = min(vocab_size, embedding.MAX_ONE_HOT)
    one_hot.matrix(np.zeros((num_tokens, 1), np.int32), np.zeros(rows, np.int32)).fill(9)
    return one_hot


def plain_one_hot(tokens: TokenArray, alphabet: TokenArray) -> NDArray[Any]:
    """Return the rows of the alphabet's members in the one-hot matrix of all tokens."""
    vectors = reference.one_hot(tokens, 1 + int(alphabet.max()))
    return vectors.reshape(tokens.size, -1).T[alphabet]


def plain_gradient(columns: NDArray[Any], tokens: TokenArray, vocab_size: int = V) -> NDArray[Any]:
    """Return the product of the columns with the one-hot vectors of the tokens."""
    return columns @ reference.one_hot(tokens, vocab_size).reshape(-1, vocab_size)


def test_lookup_equals_a_one_hot_product() -> None:
    """Looking columns up is multiplying with a one-hot vector, an unseen token being the zero vector."""
    matrix, out = random_array(D, V), np.full((T, D, N), 9.0)
    lookup(matrix, some_tokens(), out=out)
    np.testing.assert_array_equal(out, matrix @ reference.one_hot(some_tokens(), V).transpose(0, 2, 1))


def test_lookup_of_unseen_tokens_alone_is_zero() -> None:
    """A window with nothing but unseen tokens is all zeros, whatever was there before."""
    out = np.full((T, D, N), 9.0)
    lookup(random_array(D, V), np.full((T, N), UNSEEN, np.int32), out=out)
    assert not out.any()


# ---- one-hot matrices

alphabets = pytest.mark.parametrize(
    "members",
    [range(V), [0], [V - 1], [1, 3, 4], [4, 1], [2, 2]],
    ids=lambda members: "".join(map(str, members)),
)


@alphabets
def test_a_column_of_a_one_hot_matrix_has_a_1_in_the_row_of_its_token(members: Sequence[int]) -> None:
    """A column has a 1 in the row of its token, and none if the token is unseen or in no row."""
    alphabet = np.array(members, np.int32)
    matrix = used_one_hot(T * N, V).matrix(some_tokens(), alphabet)
    np.testing.assert_array_equal(matrix, plain_one_hot(some_tokens(), alphabet))


@pytest.mark.parametrize("dtype", [np.float32, np.complex128])
def test_a_one_hot_matrix_has_the_dtype_asked_for(dtype: type) -> None:
    """The matrix is the same in every dtype."""
    alphabet = np.arange(V, dtype=np.int32)
    matrix = used_one_hot(T * N, V, dtype).matrix(some_tokens(), alphabet)
    assert matrix.dtype == dtype
    np.testing.assert_array_equal(matrix, plain_one_hot(some_tokens(), alphabet))


@alphabets
def test_a_one_hot_matrix_is_written_to_out(members: Sequence[int]) -> None:
    """`write` fills rows of a larger matrix, and no others."""
    alphabet, out = np.array(members, np.int32), np.full((2 + len(members), T * N), 9.0)
    used_one_hot(T * N, V).write(some_tokens(), alphabet, out=out[1:-1])
    np.testing.assert_array_equal(out[1:-1], plain_one_hot(some_tokens(), alphabet))
    assert np.all(out[[0, -1]] == 9)


def test_the_next_one_hot_matrix_takes_the_place_of_the_last() -> None:
    """One memory serves many windows, of other lengths and alphabets; a matrix lives until the next."""
    one_hot = used_one_hot(T * N, V)
    first = one_hot.matrix(some_tokens(), np.arange(V, dtype=np.int32))
    tokens, alphabet = some_tokens(3), np.array([1, 3], np.int32)
    second = one_hot.matrix(tokens, alphabet)
    assert np.shares_memory(first, second)
    np.testing.assert_array_equal(second, plain_one_hot(tokens, alphabet))


def test_writing_leaves_the_last_one_hot_matrix_alone() -> None:
    """A matrix stays as it is while another is written elsewhere."""
    one_hot, alphabet = used_one_hot(T * N, V), np.arange(V, dtype=np.int32)
    matrix = one_hot.matrix(some_tokens(), alphabet)
    one_hot.write(np.zeros((T, N), np.int32), alphabet, out=np.zeros((V, T * N)))
    np.testing.assert_array_equal(matrix, plain_one_hot(some_tokens(), alphabet))


def memory_of(num_tokens: int, vocab_size: int) -> int:
    """Return the bytes that a float32 `OneHot` keeps."""
    tracemalloc.start()
    one_hot = OneHot(num_tokens, vocab_size, np.float32)
    num_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del one_hot
    return num_bytes


def test_the_memory_of_a_one_hot_matrix_is_bounded() -> None:
    """The memory has a row for each token of a vocabulary, and never more than MAX_ONE_HOT."""
    most = memory_of(T * N, MANY)
    assert most >= 4 * T * N * MANY
    assert memory_of(T * N, V) < most / (MANY / V) + 4096
    assert memory_of(T * N, 100 * MANY) < most + 1024


# ---- the gradient of a matrix


@pytest.mark.parametrize("num_steps", [T, 200])
@vocabularies
def test_gradient_equals_a_one_hot_product(vocab_size: int, num_steps: int) -> None:
    """The gradient of the matrix sums the columns of each token, repeated ones included."""
    tokens, columns = some_tokens(num_steps, vocab_size), random_array(D, num_steps * N)
    expected = plain_gradient(columns, tokens, vocab_size)
    np.testing.assert_allclose(gradient_of(columns, tokens, vocab_size), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("at_once", [1, 2, 4, 5, 6])
def test_tokens_are_summed_in_any_number_of_products(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where several products share the tokens that occur, the sums are those of a single product."""
    monkeypatch.setattr(embedding, "MAX_ONE_HOT", at_once)
    columns, tokens = random_array(D, T * N), some_tokens()
    np.testing.assert_allclose(
        gradient_of(columns, tokens), plain_gradient(columns, tokens), rtol=0, atol=1e-14
    )


class CountedOneHot(OneHot):
    """Counts the matrices that were asked for."""

    num_matrices = 0

    def matrix(self, tokens: TokenArray, alphabet: TokenArray) -> NDArray[Any]:
        self.num_matrices += 1
        return super().matrix(tokens, alphabet)


def test_a_large_vocabulary_takes_few_products() -> None:
    """As many tokens as a one-hot matrix has rows share a product: work does not grow with their square."""
    tokens = np.arange(4 * MANY, dtype=np.int32).reshape(-1, N)
    one_hot = CountedOneHot(tokens.size, 4 * MANY, np.float64)
    lookup_gradient(random_array(D, tokens.size), tokens, one_hot, out=np.zeros((D, 4 * MANY)))
    assert one_hot.num_matrices == 4


@vocabularies
def test_the_memory_of_a_longer_window_serves_a_shorter_one(vocab_size: int) -> None:
    """A memory made for more tokens gives the gradient of the tokens that there are."""
    tokens, columns, out = some_tokens(T, vocab_size), random_array(D, T * N), np.zeros((D, vocab_size))
    lookup_gradient(columns, tokens, used_one_hot(3 * tokens.size, vocab_size), out=out)
    np.testing.assert_allclose(out, plain_gradient(columns, tokens, vocab_size), rtol=0, atol=1e-14)


@vocabularies
def test_a_repeated_token_collects_every_column(vocab_size: int) -> None:
    """When all tokens are the same, that column of the gradient is the sum of all columns."""
    columns = random_array(D, T * N)
    out = gradient_of(columns, np.full((T, N), 2, np.int32), vocab_size)
    np.testing.assert_allclose(out[:, 2], columns.sum(axis=1), rtol=0, atol=1e-14)


@vocabularies
def test_a_token_that_does_not_occur_has_no_gradient(vocab_size: int) -> None:
    """Columns of tokens that do not occur are written as zero, not left as they were."""
    assert not gradient_of(random_array(D, T * N), some_tokens(T, vocab_size), vocab_size)[:, -1].any()


@vocabularies
def test_unseen_tokens_have_no_gradient(vocab_size: int) -> None:
    """An unseen token adds to no column, not even to the last, which -1 would index."""
    assert not gradient_of(random_array(D, T * N), np.full((T, N), UNSEEN, np.int32), vocab_size).any()


@pytest.mark.parametrize(
    ("vocab_size", "dtype", "order"), pairwise(VOCABULARIES, [np.float32, np.complex128], ["C", "F"])
)
def test_the_gradient_goes_to_a_matrix_of_any_order(vocab_size: int, dtype: type, order: Any) -> None:
    """`out` may be stored row after row or column after column, in every dtype."""
    columns: NDArray[Any] = random_array(D, T * N).astype(dtype)
    matrix: NDArray[Any] = np.zeros((D, vocab_size), dtype, order=order)
    tokens = some_tokens(T, vocab_size)
    lookup_gradient(columns, tokens, used_one_hot(T * N, vocab_size, dtype), out=matrix)
    expected = plain_gradient(columns, tokens, vocab_size)
    np.testing.assert_allclose(matrix, expected, rtol=0, atol=1e-5)


def test_sums_by_token() -> None:
    """Each token that occurs has the sum of its columns; UNSEEN has none."""
    columns = np.arange(12.0).reshape(2, 6)
    tokens, sums = sums_by_token(columns, np.array([7, UNSEEN, 3, 7, 3, 0], np.int32))
    assert tokens.tolist() == [0, 3, 7]
    np.testing.assert_array_equal(sums, [[5, 6, 3], [11, 18, 15]])


def test_sums_where_no_token_is_known() -> None:
    """There are none."""
    tokens, sums = sums_by_token(np.ones((2, 3)), np.full(3, UNSEEN, np.int32))
    assert (tokens.shape, sums.shape) == ((0,), (2, 0))
