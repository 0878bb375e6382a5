"""The compiled twin of the softmax loss: projection, softmax and their gradients in one call.

NumPy makes a pass over all logits for each term. Here some columns at a time go through all of it, while
they are in the processor's cache, and the products are those of `panels.py`. The equations are in `loss.py`
and `projection.py`, which stay the reference: a test compares them. Import this module only if numba is
installed.
"""

import math
from typing import Any

import numpy as np

from charseq.arrays import FloatArray, TokenArray, zeros
from charseq.backend import compiled, inlined
from charseq.network import panels
from charseq.network.exponential import exponential
from charseq.network.panels import Panels, add_panels, pack_step, rows_in_panels
from charseq.network.parameters import Gradient, Parameters
from charseq.network.tiles import ROWS

multiply_add: Any = panels.multiply_add_apart

COLUMNS_AT_ONCE = 240
"""The predictions that go through the softmax together: whole tiles, few enough for the cache.

It is no power of two, so that rows do not take each other's place in the cache.
"""
MAX_VOCAB = 1024
"""The most tokens whose logits, for so many predictions, fit into the cache; for more, BLAS is as fast."""
FEW_ROWS = 4
"""The most rows beside whole panels that are multiplied one by one."""
NO_WEIGHTS = np.zeros(0, np.float32)
DTYPE = np.dtype(np.float32)


class CompiledSoftmax:
    """The panels of a projection and the memory of its loss."""

    def __init__(self, vocab_size: int, hidden_size: int) -> None:
        self._V, self._V_back = Panels(vocab_size, hidden_size, DTYPE), Panels(hidden_size, vocab_size, DTYPE)
        sizes = (hidden_size, vocab_size, rows_in_panels(hidden_size), rows_in_panels(vocab_size), 4)
        self._scratch = tuple(zeros((size * COLUMNS_AT_ONCE,), DTYPE) for size in sizes)
        self._block, self._nats = zeros((ROWS, ROWS), DTYPE), np.zeros(1)

    def gradient(
        self,
        h: FloatArray,
        targets: TokenArray,
        params: Parameters,
        grads: Gradient,
        *,
        weights: FloatArray | None,
        total_weight: float,
        out: FloatArray,
    ) -> float:
        """Return the loss and write its gradients; the arguments are those of `losses.Loss.gradient`."""
        V = params["projection.V"]
        if not h.flags.c_contiguous:  # of a single stream; each piece of h is read before dh is written there
            out[...] = h
            h = out
        self._V.load_(V)
        self._V_back.load_(V.T)
        softmax_gradient(
            h,
            np.ascontiguousarray(targets).reshape(-1),
            NO_WEIGHTS if weights is None else np.ascontiguousarray(weights).reshape(-1),
            float(total_weight),
            (self._V.memory, V, params["projection.c"], self._V_back.memory),
            self._scratch,
            self._block,
            (grads["projection.V"], grads["projection.c"], out),
            self._nats,
        )
        return float(self._nats[0])


@inlined
def _softmax(
    logits: FloatArray,
    targets: TokenArray,
    weights: FloatArray,
    total_weight: float,
    columns: FloatArray,
    nats: FloatArray,
) -> None:
    """Replace logits (V, M) by the gradient of the loss, 0 in columns without a target.

    Add the loss times `total_weight` to `nats`; `columns` (4, M) is scratch.
    """
    num, width = len(targets), logits.shape[1]
    top, total, own, scale = columns[0], columns[1], columns[2], columns[3]
    for n in range(width):
        top[n], total[n], scale[n] = logits[0, n], 0, 0
    for r in range(1, len(logits)):
        z = logits[r]
        for n in range(width):
            top[n] = z[n] if z[n] > top[n] else top[n]
    for n in range(num):
        own[n] = logits[targets[n], n] - top[n]
    for r in range(len(logits)):
        z = logits[r]
        for n in range(width):
            z[n] = exponential(z[n] - top[n])
            total[n] += z[n]
    for n in range(num):
        weight = np.float64(weights[n]) if len(weights) else 1.0
        nats[0] += weight * (math.log(np.float64(total[n])) - np.float64(own[n]))
        scale[n] = weight / (total[n] * total_weight)
    for r in range(len(logits)):
        z = logits[r]
        for n in range(width):
            z[n] *= scale[n]
    for n in range(num):
        logits[targets[n], n] -= (np.float64(weights[n]) if len(weights) else 1.0) / total_weight


@inlined
def _project(
    panels: FloatArray,
    V: FloatArray,
    c: FloatArray,
    hidden: FloatArray,
    logits: FloatArray,
    block: FloatArray,
) -> None:
    """Write the logits V h + c of the columns of `hidden`; `panels` are those of V."""
    for r in range(len(logits)):
        logits[r] = c[r]
    whole = len(panels)
    if 0 < len(V) % ROWS <= FEW_ROWS:
        whole -= 1
        for r in range(whole * ROWS, len(V)):
            row = logits[r]
            for j in range(len(hidden)):
                weight, x = V[r, j], hidden[j]
                for n in range(len(row)):
                    row[n] += weight * x[n]
    multiply_add(panels[:whole], hidden, logits[: whole * ROWS], block)


@compiled
def softmax_gradient(
    h: FloatArray,
    targets: TokenArray,
    weights: FloatArray,
    total_weight: float,
    projection: tuple[FloatArray, ...],
    scratch: tuple[FloatArray, ...],
    block: FloatArray,
    results: tuple[FloatArray, ...],
    nats: FloatArray,
) -> None:
    """Write the mean loss to `nats`, and to `results` the gradients of V, c and h (H, M).

    `projection` is V in panels, V, c, and the transpose of V in panels; `weights` is empty if all are 1.
    """
    V_panels, V, c, V_back = projection
    dV, dc, dh = results
    size, vocab_size = len(h), len(V)
    nats[0], dV[...], dc[...] = 0, 0, 0
    for begin in range(0, len(targets), COLUMNS_AT_ONCE):
        end = min(begin + COLUMNS_AT_ONCE, len(targets))
        num = end - begin
        width = (num + ROWS - 1) // ROWS * ROWS
        hidden = scratch[0][: size * width].reshape(size, width)
        logits = scratch[1][: vocab_size * width].reshape(vocab_size, width)
        h_panels = scratch[2][: len(V_back) * ROWS * width].reshape(len(V_back), width, ROWS)
        d_panels = scratch[3][: len(V_panels) * ROWS * width].reshape(len(V_panels), width, ROWS)
        columns = scratch[4][: 4 * width].reshape(4, width)
        for j in range(size):
            row, source = hidden[j], h[j][begin:end]
            for n in range(num):
                row[n] = source[n]
            row[num:] = 0
        pack_step(0, hidden, h_panels)
        _project(V_panels, V, c, hidden, logits, block)
        some = weights[begin:end] if len(weights) else weights
        _softmax(logits, targets[begin:end], some, total_weight, columns, nats)
        for r in range(vocab_size):
            total = c.dtype.type(0)
            for n in range(width):
                total += logits[r, n]
            dc[r] += total
        pack_step(0, logits, d_panels)
        add_panels(d_panels, h_panels, dV, block)
        hidden[...] = 0
        multiply_add(V_back, logits, hidden, block)
        for j in range(size):
            row, target = hidden[j], dh[j][begin:end]
            for n in range(num):
                target[n] = row[n]
    nats[0] /= total_weight
