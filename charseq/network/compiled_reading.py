"""A token of each of some texts in one compiled call, for users who have numba (`charseq[fast]`).

The steps are those of `reader.py`, which stays the reference: a test compares them. The logits of a text are
the same to the last bit whatever is read beside it: each sum of a product is made by itself, one term after
the other, and the rest is computed for one text after the other. As in `windows.py`, all cells share one
loop. Import this module only if numba is installed.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from charseq.arrays import FloatArray, IndexArray, TokenArray
from charseq.backend import compiled, inlined
from charseq.cells.compiled import gru_forward, lstm_forward, rnn_forward
from charseq.network import tiles
from charseq.network.normalisation import EPSILON
from charseq.network.tiles import FEW, PANELS_AT_ONCE, ROWS

# In Python's eyes these functions have one argument more, which numba gives them.
few_columns: Any = tiles.few_columns
one_column: Any = tiles.one_column


class Reading(NamedTuple):
    """The arrays of a reader, in the order in which the compiled readings take them after tokens and places.

    N texts have memory, and a call reads M of them: text places[m] reads tokens[m]. Matrices come in panels
    (see `panels.py`); P is the number of panels for R = G*H rows, and C for V. As in `reader.py` the last
    column of a matrix is a bias, and each input of a product ends with a 1.
    """

    table: FloatArray
    """(V + 1, R), U x + b of the first layer; the last row, for UNSEEN, is b alone."""
    matrices: FloatArray
    """(L, 2, P, H + 1, ROWS), W and U of each layer; the first layer's U is not used."""
    b_h: FloatArray
    """(L, R), added after the norm; empty if W h is not normalised."""
    V: FloatArray
    """(C, H + 1, ROWS)."""
    num_summed: int
    """The rows of U x and W h that are summed: R, or R - H if the last gate's are kept apart."""
    states: FloatArray
    """(L, K, N, H), the K states of each layer, h first; K is at most MAX_STATES."""
    scratch: FloatArray
    """Flat memory of the size that `scratch_size` says."""
    logits: FloatArray
    """(N, C * ROWS)."""


MAX_STATES = 2
"""The most states of a cell: compiled code takes a fixed number of them."""


def scratch_size(num_texts: int, hidden_size: int, num_rows: int) -> int:
    """Return the size of scratch for N texts, H units, and R rows with those that fill the last panel.

    It holds the inputs of a product (H + 1, N) and a block (ROWS, ROWS), then U x and W h of each text, then
    for one text after the other the sums of the gates, the states before and after, and one more vector (H,).
    """
    of_one = num_rows + (2 * MAX_STATES + 1) * hidden_size
    return (hidden_size + 1 + 2 * num_rows) * num_texts + ROWS * ROWS + of_one


@compiled
def multiply(
    panels: FloatArray, vectors: FloatArray, places: IndexArray, scratch: FloatArray, out: FloatArray
) -> None:
    """Write to the first M rows of `out` the matrix in `panels` times the vectors (N, H) at `places`."""
    num_texts, size = len(places), vectors.shape[1]
    num = (size + 1) * num_texts
    x = scratch[:num].reshape(size + 1, num_texts)
    block = scratch[num : num + ROWS * ROWS].reshape(ROWS, ROWS)
    if num_texts == 1:
        whole, column = len(panels) // PANELS_AT_ONCE * PANELS_AT_ONCE, out[:1].reshape(-1, 1)
        vector = vectors[places[0]]
        for k in range(size):
            scratch[k] = vector[k]
        scratch[size] = 1
        out[0] = 0
        for p in range(0, whole, PANELS_AT_ONCE):
            one_column(panels[p:], x, column[p * ROWS :])
        for p in range(whole, len(panels)):
            few_columns(panels[p], x, out[:, p * ROWS :], 1)
        return
    for m in range(num_texts):
        vector = vectors[places[m]]
        for k in range(size):
            x[k, m] = vector[k]
        x[size, m] = 1
    for p in range(len(panels)):
        for first in range(0, num_texts, FEW):
            few = min(FEW, num_texts - first)
            few_columns(panels[p], x[:, first:], block, few)
            for m in range(few):
                for r in range(ROWS):
                    out[first + m, p * ROWS + r] = block[m, r]


@inlined
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
def _sums(
    layer: int, tokens: TokenArray, places: IndexArray, reading: Any, a_x: FloatArray, a_h: FloatArray
) -> None:
    """Write U x + b and W h + b_h of a layer for each text."""
    table, matrices, b_h, _, _, states, scratch, _ = reading
    multiply(matrices[layer, 0], states[layer, 0], places, scratch, a_h)
    if layer > 0:
        multiply(matrices[layer, 1], states[layer - 1, 0], places, scratch, a_x)
    for m in range(len(places)):
        if layer == 0:
            looked_up = table[tokens[m]]  # within the loop, it would be looked up again for each number
            for r in range(table.shape[1]):
                a_x[m, r] = looked_up[r]
        if len(b_h):
            normalise(a_h[m], b_h[layer], states.shape[3])


@inlined
def _project(places: IndexArray, reading: Any) -> None:
    """Write the logits of each text."""
    _, _, _, V, _, states, scratch, logits = reading
    multiply(V, states[len(states) - 1, 0], places, scratch, logits)
    for m in range(len(places) - 1, -1, -1):  # places ascend, so that no row is overwritten too early
        if places[m] != m:
            for k in range(logits.shape[1]):
                logits[places[m], k] = logits[m, k]


@inlined
def _read(tokens: TokenArray, places: IndexArray, reading: Any, gates: Callable[..., None]) -> None:
    """Read a token of each text: replace the states of each layer, and write the logits."""
    table, matrices, _, _, num_summed, states, scratch, _ = reading
    num_layers, num_states, _, size = states.shape
    num_texts, rows, padded = len(places), table.shape[1], matrices.shape[2] * ROWS
    first = (size + 1) * num_texts + ROWS * ROWS
    second, third = first + padded * num_texts, first + 2 * padded * num_texts
    a_x = scratch[first:second].reshape(num_texts, padded)
    a_h = scratch[second:third].reshape(num_texts, padded)
    a = scratch[third : third + rows].reshape(1, rows)
    fourth, end = third + rows + 2 * MAX_STATES * size, third + rows + (2 * MAX_STATES + 1) * size
    slots = scratch[third + rows : fourth].reshape(MAX_STATES, 2, size)  # each state before and after
    both, extra = (slots[0], slots[1]), scratch[fourth:end].reshape(1, size)
    for layer in range(num_layers):
        _sums(layer, tokens, places, reading, a_x, a_h)
        for m in range(num_texts):
            for r in range(num_summed):
                a[0, r] = a_x[m, r] + a_h[m, r]
            for r in range(num_summed, rows):
                a[0, r] = a_x[m, r]
            for j in range(size):  # it is read by cells that keep the last gate apart; others write to it
                extra[0, j] = a_h[m, rows - size + j]
            for k in range(num_states):
                state = states[layer, k, places[m]]
                for j in range(size):
                    slots[k, 0, j] = state[j]
            gates(0, a, both, both, (extra,))
            for k in range(num_states):
                state = states[layer, k, places[m]]
                for j in range(size):
                    state[j] = slots[k, 1, j]
    _project(places, reading)


@compiled
def rnn_read(tokens: TokenArray, places: IndexArray, *reading: Any) -> None:
    """Do what `_read` does."""
    _read(tokens, places, reading, rnn_forward)


@compiled
def lstm_read(tokens: TokenArray, places: IndexArray, *reading: Any) -> None:
    """Do what `_read` does."""
    _read(tokens, places, reading, lstm_forward)


@compiled
def gru_read(tokens: TokenArray, places: IndexArray, *reading: Any) -> None:
    """Do what `_read` does."""
    _read(tokens, places, reading, gru_forward)


READ = {"gru": gru_read, "lstm": lstm_read, "rnn": rnn_read}
"""The compiled readings by the names of the cells, which are those of CELLS."""
