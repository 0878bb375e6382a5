"""A window of each cell in one compiled call, forward and back, for users who have numba (`charseq[fast]`).

The loops over time are those of `recurrent.py`, which stays the reference: a test compares them. Here nothing
is left to Python between two steps, so that other threads can run during a whole window.

There is one loop forward and one back, for all cells. A cell's window is the loop with the algebra of the
cell from `cells/compiled.py` in it; the two are joined before they are compiled, because compiled code that
takes a function as an argument could not be kept on disk. Import this module only if numba is installed.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from charseq.arrays import BoolArray, FloatArray, TokenArray
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
from charseq.network.tiles import ROWS

Arrays: TypeAlias = tuple[FloatArray, ...]

multiply_add: Any = panels.multiply_add_apart
multiply_add_steps: Any = panels.multiply_add_steps_apart


class Forward(NamedTuple):
    """The arrays of a window on the way forward, in the order in which the compiled windows take them.

    a, states, previous and extras are those of `CellArrays`, which may have room for more steps. W comes in
    panels, see `panels.py`: in one part, whose products are added to a, or in two for a cell with a recurrent
    bias, whose last gate is summed apart, in the first of the extras.
    """

    num_steps: int
    inputs: tuple[FloatArray, TokenArray, FloatArray, FloatArray, FloatArray]
    """x (T, D, N), tokens (T, N), U in panels, b (G*H,), and for one stream scratch for x of some steps
    (D, ROWS), else empty. Without x, U x(t) is a column of U for each token; its last column is zero. The
    other one of x and tokens is empty."""
    W: Arrays
    sizes: tuple[int, ...]
    """The rows of each part of W."""
    sums: Arrays
    """The arrays to which the products of each part are added, (T, at least so many rows, N)."""
    b_h: FloatArray
    """(H,), with which the sums of the second part begin."""
    norm: Arrays
    """y and 1/s of `normalisation.py` for each step, or for one that is used again and again; y is empty if
    W h is not normalised."""
    resets: BoolArray
    """(T, N), empty if no state is reset."""
    a: FloatArray
    states: Arrays
    previous: Arrays
    extras: Arrays
    block: FloatArray
    """Scratch of `multiply_add`."""


class Backward(NamedTuple):
    """The arrays of a window on the way back, in the order in which the compiled windows take them.

    a to extras are those of the way forward.
    """

    num_steps: int
    dh_out: FloatArray
    """(T, H, N), what reaches h(t) from above."""
    W_back: Arrays
    """The parts of W, each transposed, in panels."""
    U_back: Arrays
    """U transposed, in panels, and for one stream scratch for da of some steps (G*H, ROWS), else empty."""
    norm: Arrays
    """y and 1/s, then for dv, the gradient of W h: itself (G*H, N), its columns, and scratch (N,)."""
    resets: BoolArray
    a: FloatArray
    states: Arrays
    previous: Arrays
    extras: Arrays
    dstates: Arrays
    """(H, N) each, what reaches the states of a step from later ones; zero at first."""
    das: Arrays
    """da (G*H, N), and for a cell with a recurrent bias dm (H, N), the gradient of its sum."""
    columns: Arrays
    """Panels for each of `das`, in which every step and stream is a column: the gradients of the weights are
    products with them."""
    dx: FloatArray
    """(T, D, N), empty if nothing below learns."""
    block: FloatArray


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
def _begin(t: int, inputs: Any, block: FloatArray, a: FloatArray) -> None:
    """Write U x(t) + b to a[t] (G*H, N); for one-hot inputs, U x(t) is a column of U for each stream.

    With one stream reading U takes the time, and all x are known: so U is read once for ROWS steps, before
    the first of them.
    """
    x, tokens, U, b, columns = inputs
    if len(tokens):
        look_up(U, b, tokens[t], a[t])
        return
    together = len(columns) > 0 and len(x) > 1
    if together and t % ROWS:
        return
    end = min(t + ROWS, len(x)) if together else t + 1
    for k in range(t, end):
        for r in range(len(b)):
            a[k, r] = b[r]
    if together:
        for k in range(len(columns)):
            for j in range(t, end):
                columns[k, j - t] = x[j, k, 0]
        multiply_add_steps(U, columns, a[t:end], block)
    else:
        multiply_add(U, x[t], a[t], block)


@inlined
def _recur(t: int, W: Arrays, sizes: Any, h: FloatArray, norm: Any, sums: Arrays, block: FloatArray) -> None:
    """Add W h(t-1) to the sums, normalised if `norm` has memory for it."""
    y, inverse = norm
    if len(y) == 0:
        for k in range(len(W)):
            multiply_add(W[k], h, sums[k][t, : sizes[k]], block)
        return
    place, first = min(t, len(y) - 1), 0
    y[place] = 0
    for k in range(len(W)):
        multiply_add(W[k], h, y[place, first : first + sizes[k]], block)
        first += sizes[k]
    last = sums[-1][t]
    normalise_add(y[place], inverse[place], sums[0][t], last[len(last) - len(h) :])


@inlined
def _forward(window: Any, gates: Callable[..., None]) -> None:
    """Compute the states of all steps; `window` is a Forward."""
    num_steps, inputs, W, sizes, sums, b_h, norm, resets, a, states, previous, extras, block = window
    for t in range(num_steps):
        _hide(t, resets, states, previous)
        _begin(t, inputs, block, a)
        for k in range(1, len(sums)):
            for j in range(len(b_h)):
                sums[k][t, j] = b_h[j]
        _recur(t, W, sizes, previous[0][t], norm, sums, block)
        gates(t, a, states, previous, extras)


@inlined
def _add(source: FloatArray, out: FloatArray, kept: int) -> None:
    """Add `source` to `kept` times `out`; a loop by rows, which needs no memory, unlike a sum of arrays."""
    for j in range(len(source)):
        row, total = source[j], out[j]
        for n in range(len(row)):
            total[n] = row[n] + total[n] if kept else row[n]


@inlined
def _go_back(t: int, W_back: Arrays, das: Arrays, norm: Any, dh: FloatArray, block: FloatArray) -> None:
    """Add to dh what reaches h(t-1) through W, and pack the gradient of W h if it was normalised."""
    y, inverse, dv, columns, mean = norm
    if len(y) == 0:
        for k in range(len(W_back)):
            multiply_add(W_back[k], das[k][: W_back[k].shape[1]], dh, block)
        return
    first = 0
    for k in range(len(W_back)):
        size = W_back[k].shape[1]
        _add(das[k][:size], dv[first : first + size], 0)
        first += size
    normalise_back(dv, y[t], inverse[t], mean)
    first = 0
    for k in range(len(W_back)):
        size = W_back[k].shape[1]
        multiply_add(W_back[k], dv[first : first + size], dh, block)
        first += size
    pack_step(t, dv, columns)


@inlined
def _forget(t: int, resets: BoolArray, dstates: Arrays) -> None:
    """Set to zero what reaches the state before step t of a stream that begins anew there."""
    for k in range(len(dstates)):
        for j in range(len(dstates[k])):
            for n in range(resets.shape[1]):
                if resets[t, n]:
                    dstates[k][j, n] = 0


@inlined
def _end(t: int, das: Arrays, U_back: Arrays, dx: FloatArray, columns: Arrays, block: FloatArray) -> None:
    """Write dx(t), unless `dx` is empty, and pack `das` for the gradients of the weights.

    With one stream, the dx of ROWS steps are written at the first of them, which is the last to come here.
    """
    panels, some = U_back
    if len(some) > 0 and len(dx) > 1:
        for r in range(len(das[0])):
            some[r, t % ROWS] = das[0][r, 0]
        if t % ROWS == 0:
            end = min(t + ROWS, len(dx))
            dx[t:end] = 0
            multiply_add_steps(panels, some, dx[t:end], block)
    elif len(dx):
        dx[t] = 0
        multiply_add(panels, das[0], dx[t], block)
    for k in range(len(das)):
        pack_step(t, das[k], columns[k])


@inlined
def _backward(window: Any, gates: Callable[..., None]) -> None:
    """Compute da of all steps, dx, and the gradients of the first states; `window` is a Backward."""
    (
        num_steps,
        dh_out,
        W_back,
        U_back,
        norm,
        resets,
        a,
        states,
        previous,
        extras,
        dstates,
        das,
        columns,
        dx,
        block,
    ) = window
    for t in range(num_steps - 1, -1, -1):
        _add(dh_out[t], dstates[0], 1)
        gates(t, a, states, previous, extras, dstates, das)
        _go_back(t, W_back, das, norm, dstates[0], block)
        _forget(t, resets, dstates)
        _end(t, das, U_back, dx, columns, block)


@compiled
def rnn_window(*window: Any) -> None:
    """Do what `_forward` does."""
    _forward(window, rnn_forward)


@compiled
def rnn_window_back(*window: Any) -> None:
    """Do what `_backward` does."""
    _backward(window, rnn_backward)


@compiled
def lstm_window(*window: Any) -> None:
    """Do what `_forward` does."""
    _forward(window, lstm_forward)


@compiled
def lstm_window_back(*window: Any) -> None:
    """Do what `_backward` does."""
    _backward(window, lstm_backward)


@compiled
def gru_window(*window: Any) -> None:
    """Do what `_forward` does."""
    _forward(window, gru_forward)


@compiled
def gru_window_back(*window: Any) -> None:
    """Do what `_backward` does."""
    _backward(window, gru_backward)


FORWARD = {"gru": gru_window, "lstm": lstm_window, "rnn": rnn_window}
BACKWARD = {"gru": gru_window_back, "lstm": lstm_window_back, "rnn": rnn_window_back}
"""The compiled windows by the names of the cells, which are those of CELLS."""
