"""A token of each of N texts in one compiled call, for users who have numba (`charseq[fast]`).

The steps are those of `reader.py`, which stays the reference: a test compares them. The logits of a text are
the same to the last bit for every N: each sum of a product is made by itself, one term after the other, and
the rest is computed for one text after the other. Import this module only if numba is installed.

With R = G*H, and with as many rows as fill the panels (see `panels.py`) where they are called padded:

    tokens (N,)
    table (V + 1, R)            U x + b of the first layer; the last row, for UNSEEN, is b alone
    matrices (L, 2, P, H, ROWS) W and U of each layer; the first layer's U is in the table
    biases (L, 2, R)            b_h, zero without one, and b
    V (P, H, ROWS), c (V,)      the projection
    states (L, K, N, H)         the states of each layer, h first
    scratch                     padded R for W h and for U x of each text, then H for each, then 2 H
    block (ROWS, ROWS)          scratch, too
    logits (N, V), V padded
"""

import math
from typing import Any

from charseq.arrays import FloatArray, TokenArray
from charseq.backend import compiled, inlined
from charseq.cells.compiled import gru_forward, lstm_forward, rnn_forward
from charseq.network import tiles
from charseq.network.normalisation import EPSILON
from charseq.network.tiles import FEW, PANELS_AT_ONCE, ROWS

# In Python's eyes these functions have one argument more, which numba gives them.
few_columns: Any = tiles.few_columns
one_column: Any = tiles.one_column


@compiled
def multiply(
    panels: FloatArray, vectors: FloatArray, x: FloatArray, block: FloatArray, out: FloatArray
) -> None:
    """Write to each row of `out` (N, R) the matrix in `panels` times a row of `vectors` (N, H).

    `x` (H, N) is scratch. R is padded.
    """
    num_texts, size = vectors.shape
    for n in range(num_texts):
        for k in range(size):
            x[k, n] = vectors[n, k]
    if num_texts == 1:
        whole, column = len(panels) // PANELS_AT_ONCE * PANELS_AT_ONCE, out.reshape(-1, 1)
        out[...] = 0
        for p in range(0, whole, PANELS_AT_ONCE):
            one_column(panels[p:], x, column[p * ROWS :])
        for p in range(whole, len(panels)):
            few_columns(panels[p], x, out[:, p * ROWS :], 1)
        return
    for p in range(len(panels)):
        for first in range(0, num_texts, FEW):
            few = min(FEW, num_texts - first)
            few_columns(panels[p], x[:, first:], block, few)
            for n in range(few):
                for r in range(ROWS):
                    out[first + n, p * ROWS + r] = block[n, r]


@compiled
def normalise(v: FloatArray, size: int) -> None:
    """Normalise each gate of `size` units in v (R,), as `normalisation.py` does."""
    for begin in range(0, len(v), size):
        total = v.dtype.type(0)
        for j in range(begin, begin + size):
            total += v[j] * v[j]
        scale = v.dtype.type(1 / math.sqrt(total / size + EPSILON))
        for j in range(begin, begin + size):
            v[j] *= scale


@inlined
def _summed(
    layer: int,
    tokens: TokenArray,
    table: FloatArray,
    matrices: FloatArray,
    biases: FloatArray,
    is_normed: bool,
    states: FloatArray,
    scratch: FloatArray,
    block: FloatArray,
) -> Any:
    """Return for each text U x + b and W h + b_h of a layer, and memory for two vectors of H numbers."""
    rows, padded, num_texts = biases.shape[2], matrices.shape[2] * ROWS, len(tokens)
    size, num = states.shape[3], padded * num_texts
    a_h = scratch[:num].reshape(num_texts, padded)
    a_x = scratch[num : 2 * num].reshape(num_texts, padded)
    x = scratch[2 * num : 2 * num + size * num_texts].reshape(size, num_texts)
    multiply(matrices[layer, 0], states[layer, 0], x, block, a_h)
    if layer > 0:
        multiply(matrices[layer, 1], states[layer - 1, 0], x, block, a_x)
    for n in range(num_texts):
        if is_normed:
            normalise(a_h[n, :rows], size)
        for r in range(rows):
            a_x[n, r] = a_x[n, r] + biases[layer, 1, r] if layer > 0 else table[tokens[n], r]
            a_h[n, r] += biases[layer, 0, r]
    return a_x, a_h, scratch[2 * num + size * num_texts :].reshape(2, size)


sums: Any = _summed
"""The same, for Python's type checkers: a compiled part of another function may return something."""


@inlined
def _project(
    V: FloatArray, c: FloatArray, h: FloatArray, scratch: FloatArray, block: FloatArray, logits: FloatArray
) -> None:
    """Write the logits after h (N, H)."""
    num_texts, size = h.shape
    multiply(V, h, scratch[: size * num_texts].reshape(size, num_texts), block, logits)
    for n in range(num_texts):
        for k in range(len(c)):
            logits[n, k] += c[k]


@compiled
def rnn_read(
    tokens: TokenArray,
    table: FloatArray,
    matrices: FloatArray,
    biases: FloatArray,
    is_normed: bool,
    V: FloatArray,
    c: FloatArray,
    states: FloatArray,
    scratch: FloatArray,
    block: FloatArray,
    logits: FloatArray,
) -> None:
    """Read a token of each text: replace h of each layer, and write the logits."""
    num_layers, _, _, size = states.shape
    for layer in range(num_layers):
        a_x, a_h, _ = sums(layer, tokens, table, matrices, biases, is_normed, states, scratch, block)
        for n in range(len(tokens)):
            for j in range(size):
                a_x[n, j] += a_h[n, j]
            rnn_forward(a_x[n, :size], states[layer, 0, n])
    _project(V, c, states[num_layers - 1, 0], scratch, block, logits)


@compiled
def lstm_read(
    tokens: TokenArray,
    table: FloatArray,
    matrices: FloatArray,
    biases: FloatArray,
    is_normed: bool,
    V: FloatArray,
    c: FloatArray,
    states: FloatArray,
    scratch: FloatArray,
    block: FloatArray,
    logits: FloatArray,
) -> None:
    """Read a token of each text: replace h and C of each layer, and write the logits."""
    num_layers, _, _, size = states.shape
    for layer in range(num_layers):
        a_x, a_h, more = sums(layer, tokens, table, matrices, biases, is_normed, states, scratch, block)
        for n in range(len(tokens)):
            h, cell = states[layer, 0, n], states[layer, 1, n]
            before, tanh_c = more[0], more[1]
            for j in range(4 * size):
                a_x[n, j] += a_h[n, j]
            for j in range(size):
                before[j] = cell[j]
            lstm_forward(a_x[n, : 4 * size], before, cell, tanh_c, h)
    _project(V, c, states[num_layers - 1, 0], scratch, block, logits)


@compiled
def gru_read(
    tokens: TokenArray,
    table: FloatArray,
    matrices: FloatArray,
    biases: FloatArray,
    is_normed: bool,
    V: FloatArray,
    c: FloatArray,
    states: FloatArray,
    scratch: FloatArray,
    block: FloatArray,
    logits: FloatArray,
) -> None:
    """Read a token of each text: replace h of each layer, and write the logits."""
    num_layers, _, _, size = states.shape
    for layer in range(num_layers):
        a_x, a_h, more = sums(layer, tokens, table, matrices, biases, is_normed, states, scratch, block)
        for n in range(len(tokens)):
            h, before = states[layer, 0, n], more[0]
            for j in range(2 * size):
                a_x[n, j] += a_h[n, j]
            for j in range(size):
                before[j] = h[j]
            gru_forward(a_x[n, : 3 * size], a_h[n, 2 * size : 3 * size], before, h)
    _project(V, c, states[num_layers - 1, 0], scratch, block, logits)


READ = {"gru": gru_read, "lstm": lstm_read, "rnn": rnn_read}
"""The compiled readings by the names of the cells, which are those of CELLS."""
