"""A window of each cell in one compiled call, forward and back, for users who have numba (`charseq[fast]`).

The loops over time are those of `recurrent.py`, which stays the reference: a test compares them. Here nothing
is left to Python between two steps, so that other threads can run during a whole window. Import this module
only if numba is installed.

The arrays are those of `CellArrays`. W comes in panels, see `panels.py`: for the GRU in two parts, because
the rows of its candidate are summed apart. `resets` is empty if no state is reset. On the way back, `das` is
da, and for the GRU dm; each is packed into panels, `columns`, where every step and stream is a column.

`norm` are the y and 1/s of `normalisation.py`, and on the way back the gradient of W h, its panels and
scratch; y is empty if W h is not normalised.
"""

from typing import Any, TypeAlias

from charseq.arrays import BoolArray, FloatArray
from charseq.backend import compiled, inlined
from charseq.cells.compiled import (
    gru_backward,
    gru_forward,
    lstm_backward,
    lstm_forward,
    rnn_backward,
    rnn_forward,
)
from charseq.network import panels
from charseq.network.compiled_normalisation import normalise_add, normalise_back
from charseq.network.panels import look_up, pack_step

Arrays: TypeAlias = tuple[FloatArray, ...]

multiply_add: Any = panels.multiply_add_apart


@inlined
def _begin(t: int, inputs: Any, block: FloatArray, a: FloatArray) -> None:
    """Write U x(t) + b to `a` (G*H, N); for one-hot inputs, U x(t) is a column of U for each stream."""
    x, tokens, U, b = inputs
    if len(tokens):
        look_up(U, b, tokens[t], a)
        return
    for r in range(len(a)):
        a[r] = b[r]
    multiply_add(U, x[t], a, block)


@inlined
def _hide(t: int, resets: BoolArray, states: Arrays, previous: Arrays) -> None:
    """Copy the states before step t, zero where a stream begins anew; without resets they are no copies."""
    if len(resets) == 0:
        return
    for k in range(len(states)):
        for j in range(states[k].shape[1]):
            for n in range(states[k].shape[2]):
                previous[k][t, j, n] = 0 if resets[t, n] else states[k][t, j, n]


@inlined
def _recur(t: int, W: FloatArray, h: FloatArray, norm: Arrays, a: FloatArray, block: FloatArray) -> None:
    """Add W h to `a`, normalised if `norm` has memory for it."""
    y, inverse = norm
    if len(y) == 0:
        multiply_add(W, h, a, block)
        return
    k = min(t, len(y) - 1)
    y[k] = 0
    multiply_add(W, h, y[k], block)
    normalise_add(y[k], inverse[k], a, a[len(a) - len(a) // len(inverse[k]) :])


@compiled
def rnn_window(
    num_steps: int,
    inputs: Any,
    W: Arrays,
    b_h: FloatArray,
    norm: Arrays,
    resets: BoolArray,
    a: FloatArray,
    states: Arrays,
    previous: Arrays,
    extras: Arrays,
    block: FloatArray,
) -> None:
    """Compute h(1) to h(T)."""
    for t in range(num_steps):
        _hide(t, resets, states, previous)
        _begin(t, inputs, block, a[t])
        _recur(t, W[0], previous[0][t], norm, a[t], block)
        rnn_forward(a[t], states[0][t + 1])


@compiled
def lstm_window(
    num_steps: int,
    inputs: Any,
    W: Arrays,
    b_h: FloatArray,
    norm: Arrays,
    resets: BoolArray,
    a: FloatArray,
    states: Arrays,
    previous: Arrays,
    extras: Arrays,
    block: FloatArray,
) -> None:
    """Compute C and h of all steps; `extras` is tanh C."""
    for t in range(num_steps):
        _hide(t, resets, states, previous)
        _begin(t, inputs, block, a[t])
        _recur(t, W[0], previous[0][t], norm, a[t], block)
        lstm_forward(a[t], previous[1][t], states[1][t + 1], extras[0][t], states[0][t + 1])


@compiled
def gru_window(
    num_steps: int,
    inputs: Any,
    W: Arrays,
    b_h: FloatArray,
    norm: Arrays,
    resets: BoolArray,
    a: FloatArray,
    states: Arrays,
    previous: Arrays,
    extras: Arrays,
    block: FloatArray,
) -> None:
    """Compute h(1) to h(T); `extras` is m, and W are the rows of r and u, then those of n."""
    size, (y, inverse) = len(b_h), norm
    for t in range(num_steps):
        m = extras[0][t]
        _hide(t, resets, states, previous)
        _begin(t, inputs, block, a[t])
        for j in range(size):
            m[j] = b_h[j]
        if len(y) == 0:
            multiply_add(W[0], previous[0][t], a[t, : 2 * size], block)
            multiply_add(W[1], previous[0][t], m, block)
        else:
            k = min(t, len(y) - 1)
            y[k] = 0
            multiply_add(W[0], previous[0][t], y[k, : 2 * size], block)
            multiply_add(W[1], previous[0][t], y[k, 2 * size :], block)
            normalise_add(y[k], inverse[k], a[t], m)
        gru_forward(a[t], m, previous[0][t], states[0][t + 1])


@inlined
def _end(
    t: int, da: FloatArray, U_back: FloatArray, dx: FloatArray, columns: FloatArray, block: FloatArray
) -> None:
    """Write dx(t), unless `dx` is empty, and pack `da` for the gradients of the weights."""
    if len(dx):
        dx[t] = 0
        multiply_add(U_back, da, dx[t], block)
    pack_step(t, da, columns)


@inlined
def _forget(t: int, resets: BoolArray, through_W: FloatArray, dstates: Arrays) -> None:
    """Set to zero what reaches the state before step t of a stream that begins anew there."""
    if len(resets) == 0:
        return
    for j in range(len(through_W)):
        for n in range(through_W.shape[1]):
            if resets[t, n]:
                through_W[j, n] = 0
                for k in range(len(dstates)):
                    dstates[k][j, n] = 0


@inlined
def _go_back(
    t: int, W_back: FloatArray, da: FloatArray, norm: Any, through_W: FloatArray, block: FloatArray
) -> None:
    """Add to `through_W` what reaches h(t-1) through W, and pack the gradient of W h if it was normalised."""
    y, inverse, dv, columns, mean = norm
    if len(y) == 0:
        multiply_add(W_back, da, through_W, block)
        return
    dv[...] = da
    normalise_back(dv, y[t], inverse[t], mean)
    multiply_add(W_back, dv, through_W, block)
    pack_step(t, dv, columns)


@compiled
def rnn_window_back(
    num_steps: int,
    dh_out: FloatArray,
    W_back: Arrays,
    U_back: FloatArray,
    norm: Any,
    resets: BoolArray,
    a: FloatArray,
    states: Arrays,
    previous: Arrays,
    extras: Arrays,
    dstates: Arrays,
    through_W: FloatArray,
    das: Arrays,
    columns: Arrays,
    dx: FloatArray,
    block: FloatArray,
) -> None:
    """Compute da of all steps and dx; all of h(t-1) passes through W."""
    dh = dstates[0]
    for t in range(num_steps - 1, -1, -1):
        dh[...] = through_W + dh_out[t]
        rnn_backward(states[0][t + 1], dh, das[0])
        through_W[...] = 0
        _go_back(t, W_back[0], das[0], norm, through_W, block)
        _forget(t, resets, through_W, dstates)
        _end(t, das[0], U_back, dx, columns[0], block)
    dh[...] = through_W


@compiled
def lstm_window_back(
    num_steps: int,
    dh_out: FloatArray,
    W_back: Arrays,
    U_back: FloatArray,
    norm: Any,
    resets: BoolArray,
    a: FloatArray,
    states: Arrays,
    previous: Arrays,
    extras: Arrays,
    dstates: Arrays,
    through_W: FloatArray,
    das: Arrays,
    columns: Arrays,
    dx: FloatArray,
    block: FloatArray,
) -> None:
    """Compute da of all steps and dx; all of h(t-1) passes through W."""
    dh, dc = dstates
    for t in range(num_steps - 1, -1, -1):
        dh[...] = through_W + dh_out[t]
        lstm_backward(a[t], previous[1][t], extras[0][t], dh, dc, das[0])
        through_W[...] = 0
        _go_back(t, W_back[0], das[0], norm, through_W, block)
        _forget(t, resets, through_W, dstates)
        _end(t, das[0], U_back, dx, columns[0], block)
    dh[...] = through_W


@compiled
def gru_window_back(
    num_steps: int,
    dh_out: FloatArray,
    W_back: Arrays,
    U_back: FloatArray,
    norm: Any,
    resets: BoolArray,
    a: FloatArray,
    states: Arrays,
    previous: Arrays,
    extras: Arrays,
    dstates: Arrays,
    through_W: FloatArray,
    das: Arrays,
    columns: Arrays,
    dx: FloatArray,
    block: FloatArray,
) -> None:
    """Compute da and dm of all steps, in this order in `das` and `columns`, and dx."""
    (dh,), (da, dm) = dstates, das
    y, inverse, dv, dv_columns, mean = norm
    size = len(dh)
    for t in range(num_steps - 1, -1, -1):
        dh += through_W + dh_out[t]
        gru_backward(a[t], previous[0][t], extras[0][t], dh, da, dm)
        through_W[...] = 0
        if len(y) == 0:
            multiply_add(W_back[0], da[: 2 * size], through_W, block)
            multiply_add(W_back[1], dm, through_W, block)
        else:
            dv[: 2 * size] = da[: 2 * size]
            dv[2 * size :] = dm
            normalise_back(dv, y[t], inverse[t], mean)
            multiply_add(W_back[0], dv[: 2 * size], through_W, block)
            multiply_add(W_back[1], dv[2 * size :], through_W, block)
            pack_step(t, dv, dv_columns)
        _forget(t, resets, through_W, dstates)
        _end(t, da, U_back, dx, columns[0], block)
        pack_step(t, dm, columns[1])
    dh += through_W


FORWARD = {"gru": gru_window, "lstm": lstm_window, "rnn": rnn_window}
BACKWARD = {"gru": gru_window_back, "lstm": lstm_window_back, "rnn": rnn_window_back}
"""The compiled windows by the names of the cells, which are those of CELLS."""
