"""Tokens to columns of a matrix, and the gradient of that matrix on the way back.

A column of E is a character's vector. A one-hot x(t) needs no vector: U x(t) is one column of U, so the first
layer looks its columns up with the same function. An UNSEEN token is the zero vector.
"""

import numpy as np

from charseq.arrays import BoolArray, FloatArray, TokenArray, zeros

MAX_ONE_HOT = 256
"""Rows of a one-hot matrix at most, which bounds its memory; larger vocabularies are taken in turns."""


class OneHot:
    """Writes one-hot matrices for windows of up to so many tokens; memory for it and nothing else."""

    def __init__(self, num_tokens: int, vocab_size: int, dtype: np.dtype | type) -> None:
        rows = min(vocab_size, MAX_ONE_HOT)
        self._is_token: BoolArray = np.zeros(rows * num_tokens, np.bool_)
        self._matrix = zeros((rows * num_tokens,), dtype)

    def write(self, tokens: TokenArray, alphabet: TokenArray, *, out: FloatArray) -> None:
        """Write to `out` (A, T*N) a 1 where the token of a column is the row's member of the alphabet."""
        is_token = self._is_token[: out.size].reshape(out.shape)
        np.equal(alphabet[:, None], tokens.reshape(1, -1), out=is_token)
        np.copyto(out, is_token)

    def matrix(self, tokens: TokenArray, alphabet: TokenArray) -> FloatArray:
        """Return such a matrix, which the next call overwrites."""
        out = self._matrix[: len(alphabet) * tokens.size].reshape(len(alphabet), tokens.size)
        self.write(tokens, alphabet, out=out)
        return out


def lookup(matrix: FloatArray, tokens: TokenArray, *, out: FloatArray) -> None:
    """Write to `out` (T, D, N) the columns of `matrix` (D, V) that `tokens` (T, N) name; zeros for UNSEEN."""
    for t, step in enumerate(tokens):
        np.take(matrix, step, axis=1, out=out[t], mode="clip")
    for t, n in np.argwhere(tokens < 0):
        out[t, :, n] = 0


def lookup_with_bias(matrix: FloatArray, tokens: TokenArray, bias: FloatArray, out: FloatArray) -> None:
    """Look up, and add `bias` (D, N) to each step of `out`."""
    lookup(matrix, tokens, out=out)
    np.add(out, bias, out=out)


def lookup_gradient(columns: FloatArray, tokens: TokenArray, one_hot: OneHot, *, out: FloatArray) -> None:
    """Write to `out` (D, V) the sum of those of the `columns` (D, T*N) that belong to each token.

    The sum is a product with a one-hot matrix, which BLAS does faster than any gathering of columns. Of a
    large vocabulary only the tokens that occur take part.
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
