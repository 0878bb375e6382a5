"""A token of each of some texts in one compiled call, for users who have numba (`charseq[fast]`).

The steps are those of `reader.py`, which stays the reference: a test compares them. The logits of a text are
the same to the last bit whatever is read beside it: each sum of a product is made by itself, one term after
the other, and the rest is computed for one text after the other. Import this module only if numba is
installed.

N texts have memory, and a call reads M of them: text places[m] reads tokens[m]. Matrices come in panels (see
`panels.py`); P is the number of panels for R = G*H rows, and C for V. As in `reader.py` the last column of a
matrix is a bias, and each input of a product ends with a 1.

    tokens, places (M,)
    table (V + 1, R)                  U x + b of the first layer; the last row, for UNSEEN, is b alone
    matrices (L, 2, P, H + 1, ROWS)   W and U of each layer; the first layer's U is not used
    b_h (L, R)                        is added after the norm; empty if W h is not normalised
    V (C, H + 1, ROWS)
    states (L, K, N, H)               the K states of each layer, h first
    scratch                           flat memory of the size that `scratch_size` says
    logits (N, C * ROWS)
"""

import math
from typing import Any

from charseq.arrays import FloatArray, IndexArray, TokenArray
from charseq.backend import compiled, inlined
from charseq.cells.compiled import gru_forward, lstm_forward, rnn_forward
from charseq.network import tiles
from charseq.network.normalisation import EPSILON
from charseq.network.tiles import FEW, PANELS_AT_ONCE, ROWS

# In Python's eyes these functions have one argument more, which numba gives them.
few_columns: Any = tiles.few_columns
one_column: Any = tiles.one_column


def scratch_size(num_texts: int, hidden_size: int, num_rows: int) -> int:
    """Return the size of scratch for N texts: x (H + 1, N), a block, two H, and two padded rows of each."""
    return (hidden_size + 1 + 2 * num_rows) * num_texts + ROWS * ROWS + 2 * hidden_size


@compiled
def multiply(
    panels: FloatArray, vectors: FloatArray, places: IndexArray, scratch: FloatArray, out: FloatArray
) -> None:
    """Write to the first M rows of `out` the matrix in `panels` times the vectors (N, H) at `places`."""
    num_texts, size = len(places), vectors.shape[1]
    num = (size + 1) * num_texts
    x, block = (
        scratch[:num].reshape(size + 1, num_texts),
        scratch[num : num + ROWS * ROWS].reshape(ROWS, ROWS),
    )
    for m in range(num_texts):
        for k in range(size):
            x[k, m] = vectors[places[m], k]
        x[size, m] = 1
    if num_texts == 1:
        whole, column = len(panels) // PANELS_AT_ONCE * PANELS_AT_ONCE, out[:1].reshape(-1, 1)
        out[0] = 0
        for p in range(0, whole, PANELS_AT_ONCE):
            one_column(panels[p:], x, column[p * ROWS :])
        for p in range(whole, len(panels)):
            few_columns(panels[p], x, out[:, p * ROWS :], 1)
        return
    for p in range(len(panels)):
        for first in range(0, num_texts, FEW):
            few = min(FEW, num_texts - first)
            few_columns(panels[p], x[:, first:], block, few)
            for m in range(few):
                for r in range(ROWS):
                    out[first + m, p * ROWS + r] = block[m, r]


@compiled
def normalise(v: FloatArray, b_h: FloatArray, size: int) -> None:
    """Normalise each gate of `size` units in v, as `normalisation.py` does, and add b_h (R,)."""
    for begin in range(0, len(b_h), size):
        total = v.dtype.type(0)
        for j in range(begin, begin + size):
            total += v[j] * v[j]
        scale = v.dtype.type(1 / math.sqrt(total / size + EPSILON))
        for j in range(begin, begin + size):
            v[j] = v[j] * scale + b_h[j]


@inlined
def _summed(
    layer: int,
    tokens: TokenArray,
    places: IndexArray,
    table: FloatArray,
    matrices: FloatArray,
    b_h: FloatArray,
    states: FloatArray,
    scratch: FloatArray,
) -> Any:
    """Return for each text U x + b and W h + b_h of a layer, with rows (M, P * ROWS), and memory (2, H)."""
    size, num_texts, padded = states.shape[3], len(places), matrices.shape[2] * ROWS
    first = (size + 1) * num_texts + ROWS * ROWS
    second, third = first + padded * num_texts, first + 2 * padded * num_texts
    a_x = scratch[first:second].reshape(num_texts, padded)
    a_h = scratch[second:third].reshape(num_texts, padded)
    multiply(matrices[layer, 0], states[layer, 0], places, scratch, a_h)
    if layer > 0:
        multiply(matrices[layer, 1], states[layer - 1, 0], places, scratch, a_x)
    for m in range(num_texts):
        if layer == 0:
            for r in range(table.shape[1]):
                a_x[m, r] = table[tokens[m], r]
        if len(b_h):
            normalise(a_h[m], b_h[layer], size)
    return a_x, a_h, scratch[third : third + 2 * size].reshape(2, size)


summed: Any = _summed
"""The same, for Python's type checkers: a compiled part of another function may return something."""


@inlined
def _project(
    V: FloatArray, h: FloatArray, places: IndexArray, scratch: FloatArray, logits: FloatArray
) -> None:
    """Write the logits after h (N, H) of each text."""
    multiply(V, h, places, scratch, logits)
    for m in range(len(places) - 1, -1, -1):  # places ascend, so that no row is overwritten too early
        if places[m] != m:
            for k in range(logits.shape[1]):
                logits[places[m], k] = logits[m, k]


@compiled
def rnn_read(
    tokens: TokenArray,
    places: IndexArray,
    table: FloatArray,
    matrices: FloatArray,
    b_h: FloatArray,
    V: FloatArray,
    states: FloatArray,
    scratch: FloatArray,
    logits: FloatArray,
) -> None:
    """Read a token of each text: replace h of each layer, and write the logits."""
    num_layers, _, _, size = states.shape
    for layer in range(num_layers):
        a_x, a_h, _ = summed(layer, tokens, places, table, matrices, b_h, states, scratch)
        for m in range(len(places)):
            for j in range(size):
                a_x[m, j] += a_h[m, j]
            rnn_forward(a_x[m, :size], states[layer, 0, places[m]])
    _project(V, states[num_layers - 1, 0], places, scratch, logits)


@compiled
def lstm_read(
    tokens: TokenArray,
    places: IndexArray,
    table: FloatArray,
    matrices: FloatArray,
    b_h: FloatArray,
    V: FloatArray,
    states: FloatArray,
    scratch: FloatArray,
    logits: FloatArray,
) -> None:
    """Read a token of each text: replace h and C of each layer, and write the logits."""
    num_layers, _, _, size = states.shape
    for layer in range(num_layers):
        a_x, a_h, more = summed(layer, tokens, places, table, matrices, b_h, states, scratch)
        before, tanh_c = more[0], more[1]
        for m in range(len(places)):
            h, cell = states[layer, 0, places[m]], states[layer, 1, places[m]]
            for j in range(4 * size):
                a_x[m, j] += a_h[m, j]
            for j in range(size):
                before[j] = cell[j]
            lstm_forward(a_x[m, : 4 * size], before, cell, tanh_c, h)
    _project(V, states[num_layers - 1, 0], places, scratch, logits)


@compiled
def gru_read(
    tokens: TokenArray,
    places: IndexArray,
    table: FloatArray,
    matrices: FloatArray,
    b_h: FloatArray,
    V: FloatArray,
    states: FloatArray,
    scratch: FloatArray,
    logits: FloatArray,
) -> None:
    """Read a token of each text: replace h of each layer, and write the logits."""
    num_layers, _, _, size = states.shape
    for layer in range(num_layers):
        a_x, a_h, more = summed(layer, tokens, places, table, matrices, b_h, states, scratch)
        before = more[0]
        for m in range(len(places)):
            h = states[layer, 0, places[m]]
            for j in range(2 * size):
                a_x[m, j] += a_h[m, j]
            for j in range(size):
                before[j] = h[j]
            gru_forward(a_x[m, : 3 * size], a_h[m, 2 * size : 3 * size], before, h)
    _project(V, states[num_layers - 1, 0], places, scratch, logits)


READ = {"gru": gru_read, "lstm": lstm_read, "rnn": rnn_read}
"""The compiled readings by the names of the cells, which are those of CELLS."""
