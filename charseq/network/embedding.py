"""Tokens to rows of a table, and the gradient of that table on the way back.

A row of E is a character's vector. A one-hot x(t) needs no vector: U x(t) is one column of U, so the first
layer looks its columns up with the same two functions. An UNSEEN token is the zero vector.
"""

import numpy as np

from charseq.arrays import FloatArray, TokenArray


def lookup(table: FloatArray, tokens: TokenArray, *, out: FloatArray) -> None:
    """Write the rows of `table` (V, D) that `tokens` (T, N) name to `out` (T, N, D); zeros for UNSEEN."""
    np.take(table, tokens, axis=0, out=out, mode="clip")
    unseen = tokens < 0
    if unseen.any():
        out[unseen] = 0


def lookup_gradient(rows: FloatArray, tokens: TokenArray, *, out: FloatArray) -> None:
    """Write to `out` (V, D) the sum of the `rows` (T, N, D) that belong to each token.

    The sum is a product with a one-hot matrix of those tokens alone that occur, which BLAS does faster than
    any gathering of rows.
    """
    present, place = np.unique(tokens, return_inverse=True)
    one_hot = np.zeros((len(present), tokens.size), rows.dtype)
    one_hot[place.ravel(), np.arange(tokens.size)] = 1
    sums = one_hot @ rows.reshape(-1, rows.shape[-1])
    seen = present >= 0
    out.fill(0)
    out[present[seen]] = sums[seen]
