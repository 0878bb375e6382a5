"""The embedding: tokens select columns of a matrix, and its gradient is summed by token.

A column of E is the vector of a token. With a one-hot x(t) there is no E: U x(t) is a column of U, so the
first layer looks up its columns with the same function. An UNSEEN token is the zero vector.
"""

import numpy as np

from charseq.arrays import BoolArray, FloatArray, TokenArray, zeros
from charseq.network.parameters import Gradient

MAX_ONE_HOT = 256
"""The largest number of rows of a one-hot matrix, which bounds its memory; more tokens are taken in turns."""


class OneHot:
    """Writes one-hot matrices for windows of up to `num_tokens` tokens, into memory that it keeps."""

    def __init__(self, num_tokens: int, vocab_size: int, dtype: np.dtype | type) -> None:
        rows = min(vocab_size, MAX_ONE_HOT)
        self._is_token: BoolArray = np.zeros(rows * num_tokens, np.bool_)
        self._matrix = zeros((rows * num_tokens,), dtype)

    def write(self, tokens: TokenArray, alphabet: TokenArray, *, out: FloatArray) -> None:
        """Write to `out` (A, T*N) 1 where the token of the column is the token of the row, and 0 elsewhere.

        The columns are `tokens` (T, N), the rows are the tokens in `alphabet` (A,).
        """
        is_token = self._is_token[: out.size].reshape(out.shape)
        np.equal(alphabet[:, None], tokens.reshape(1, -1), out=is_token)
        np.copyto(out, is_token)

    def matrix(self, tokens: TokenArray, alphabet: TokenArray) -> FloatArray:
        """Return the matrix (A, T*N) that `write` writes; the next call overwrites it."""
        out = self._matrix[: len(alphabet) * tokens.size].reshape(len(alphabet), tokens.size)
        self.write(tokens, alphabet, out=out)
        return out


def lookup(matrix: FloatArray, tokens: TokenArray, *, out: FloatArray) -> None:
    """Write the columns of `matrix` (D, V) for `tokens` (T, N) to `out` (T, D, N), zeros for UNSEEN."""
    for t, step in enumerate(tokens):
        np.take(matrix, step, axis=1, out=out[t], mode="clip")
    for t, n in np.argwhere(tokens < 0):
        out[t, :, n] = 0


def lookup_with_bias(matrix: FloatArray, tokens: TokenArray, bias: FloatArray, out: FloatArray) -> None:
    """Do what `lookup` does, and add `bias` (D, N) to each step of `out`."""
    lookup(matrix, tokens, out=out)
    np.add(out, bias, out=out)


def lookup_gradient(columns: FloatArray, tokens: TokenArray, one_hot: OneHot, *, out: FloatArray) -> None:
    """Write to `out` (D, V), for each token, the sum of the `columns` (D, T*N) where it occurs in `tokens`.

    The sum is a product with a one-hot matrix, which is faster in BLAS than gathering columns one by one. In
    a large vocabulary only the tokens that occur take part; the others get 0.
    """
    vocab_size = out.shape[1]
    if vocab_size <= MAX_ONE_HOT:
        alphabet = np.arange(vocab_size, dtype=np.int32)
        np.matmul(columns, one_hot.matrix(tokens, alphabet).T, out=out)
        return
    out.fill(0)
    present = np.unique(tokens[tokens >= 0])
    for begin in range(0, len(present), MAX_ONE_HOT):
        some = present[begin : begin + MAX_ONE_HOT]
        out[:, some] = columns @ one_hot.matrix(tokens, some).T


def table_gradient(
    columns: FloatArray, tokens: TokenArray, one_hot: OneHot, grads: Gradient, name: str
) -> None:
    """Write what `lookup_gradient` does to the gradient of the table `name` (D, V).

    If the gradient is kept by rows and the vocabulary is large, only the tokens that occur are touched.
    """
    if name not in grads:
        return
    if not grads.by_rows or grads.shapes[name][1] <= MAX_ONE_HOT:
        lookup_gradient(columns, tokens, one_hot, out=grads[name])
        return
    present, sums = sums_by_token(columns, tokens.reshape(-1))
    grads.set_rows_(name, present, sums.T)


def sums_by_token(columns: FloatArray, tokens: TokenArray) -> tuple[TokenArray, FloatArray]:
    """Return the different `tokens` (M,), without UNSEEN, and the sum of the `columns` (D, M) of each.

    The results are (n,) and (D, n). Where most tokens occur once or twice, this is faster than a product.
    """
    order = np.argsort(tokens, kind="stable")[np.count_nonzero(tokens < 0) :]
    in_order = tokens[order]
    begins = np.flatnonzero(np.diff(in_order, prepend=-1))
    if not len(begins):
        return in_order, columns[:, :0]
    return in_order[begins], np.add.reduceat(np.take(columns, order, axis=1), begins, axis=1)
