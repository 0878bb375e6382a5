"""Tokens to columns of a matrix, and the gradient of that matrix on the way back.

A column of E is a character's vector. A one-hot x(t) needs no vector: U x(t) is one column of U, so the first
layer looks its columns up with the same two functions. An UNSEEN token is the zero vector.
"""

import numpy as np

from charseq.arrays import FloatArray, TokenArray

COLUMNS_AT_ONCE = 256
"""Tokens whose gradients are summed in one product, which bounds the memory that it takes."""


def lookup(matrix: FloatArray, tokens: TokenArray, *, out: FloatArray) -> None:
    """Write to `out` (T, D, N) the columns of `matrix` (D, V) that `tokens` (T, N) name; zeros for UNSEEN."""
    for t, step in enumerate(tokens):
        np.take(matrix, step, axis=1, out=out[t], mode="clip")
    for t, n in np.argwhere(tokens < 0):
        out[t, :, n] = 0


def one_hot_scratch(num_tokens: int, vocab_size: int, dtype: np.dtype | type) -> FloatArray:
    """Return the memory that `lookup_gradient` needs for a window of so many tokens."""
    return np.zeros((num_tokens, min(vocab_size, COLUMNS_AT_ONCE)), dtype)


def lookup_gradient(columns: FloatArray, tokens: TokenArray, scratch: FloatArray, *, out: FloatArray) -> None:
    """Write to `out` (D, V) the sum of those of the `columns` (D, T*N) that belong to each token.

    The sum is a product with a one-hot matrix, which BLAS does faster than any gathering of columns. Of a
    large vocabulary only the tokens that occur take part.
    """
    vocab_size = out.shape[1]
    if vocab_size <= COLUMNS_AT_ONCE:
        np.matmul(columns, one_hot(tokens, np.arange(vocab_size, dtype=np.int32), scratch), out=out)
        return
    out.fill(0)
    present = np.unique(tokens[tokens >= 0])
    for begin in range(0, len(present), COLUMNS_AT_ONCE):
        some = present[begin : begin + COLUMNS_AT_ONCE]
        out[:, some] = columns @ one_hot(tokens, some, scratch)


def one_hot(tokens: TokenArray, alphabet: TokenArray, scratch: FloatArray) -> FloatArray:
    """Return (T*N, len(alphabet)), 1 where a token is that member of the alphabet; laid into `scratch`."""
    out = scratch[: tokens.size, : len(alphabet)]
    np.equal(tokens.reshape(-1, 1), alphabet, out=out)
    return out
