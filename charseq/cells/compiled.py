"""The compiled twins of the cells: each step in one pass, for users who have numba (`charseq[fast]`).

NumPy makes a pass over memory for each term of an equation; here a unit's gates stay in registers from one
term to the next. The equations are those of `rnn.py`, `lstm.py` and `gru.py`, which stay the reference: a
test compares them. Import this module only if numba is installed.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from charseq.arrays import FloatArray
from charseq.backend import FASTMATH, compiled
from charseq.cells.cell import Cell, Step
from charseq.cells.gru import GRU, GRUStep
from charseq.cells.lstm import LSTM, LSTMStep
from charseq.cells.rnn import RNN

LIMIT = np.float32(9)
"""In float32, tanh(x) is 1 from here on."""
P = tuple(map(np.float32, (0.999999979, 0.133810187, 0.00349557986, 2.0608947e-05, 1.33544788e-08)))
Q = tuple(map(np.float32, (1.0, 0.467143343, 0.0258769508, 0.000328562131, 7.77648233e-07)))
"""The polynomials of tanh(x) = x P(x^2) / Q(x^2) for |x| <= 9, the lowest power first.

The relative error is 2e-8 (fitted by iterated least squares).
"""


def tanh(x: Any) -> Any:
    """Return the tanh of x; in compiled code for float32 it is the fraction of P and Q, without a call."""
    return math.tanh(x)


@overload(tanh, jit_options={"fastmath": FASTMATH})
def _tanh(x: Any) -> Callable[[Any], Any]:
    def exact(x: Any) -> Any:
        return math.tanh(x)

    def rational(x: Any) -> Any:
        below = LIMIT if x > LIMIT else x  # nan stays nan: both comparisons with it are false
        z = -LIMIT if below < -LIMIT else below
        y = z * z
        numerator = P[0] + y * (P[1] + y * (P[2] + y * (P[3] + y * P[4])))
        return z * numerator / (Q[0] + y * (Q[1] + y * (Q[2] + y * (Q[3] + y * Q[4]))))

    return rational if x is types.float32 else exact


@compiled
def rnn_forward(a_x: FloatArray, a_h: FloatArray, h: FloatArray) -> None:
    """Compute h(t)."""
    a_x, a_h, h = a_x.reshape(-1), a_h.reshape(-1), h.reshape(-1)
    for j in range(h.size):
        h[j] = tanh(a_x[j] + a_h[j])


@compiled
def rnn_backward(h: FloatArray, dh: FloatArray, da: FloatArray) -> None:
    """Compute da."""
    h, dh, da = h.reshape(-1), dh.reshape(-1), da.reshape(-1)
    one = h.dtype.type(1)
    for j in range(h.size):
        da[j] = (one - h[j] * h[j]) * dh[j]


@compiled
def lstm_forward(
    a: FloatArray, a_h: FloatArray, c_prev: FloatArray, c: FloatArray, tanh_c: FloatArray, h: FloatArray
) -> None:
    """Compute C(t) and h(t), and replace `a` by the gates."""
    size, half = h.size, h.dtype.type(0.5)
    a, a_h = a.reshape(4, size), a_h.reshape(4, size)
    c_prev, c, tanh_c, h = c_prev.reshape(-1), c.reshape(-1), tanh_c.reshape(-1), h.reshape(-1)
    for j in range(size):
        i = half + half * tanh(half * (a[0, j] + a_h[0, j]))
        f = half + half * tanh(half * (a[1, j] + a_h[1, j]))
        o = half + half * tanh(half * (a[2, j] + a_h[2, j]))
        g = tanh(a[3, j] + a_h[3, j])
        a[0, j], a[1, j], a[2, j], a[3, j] = i, f, o, g
        c[j] = f * c_prev[j] + i * g
        tanh_c[j] = tanh(c[j])
        h[j] = o * tanh_c[j]


@compiled
def lstm_backward(
    gates: FloatArray, c_prev: FloatArray, tanh_c: FloatArray, dh: FloatArray, dc: FloatArray, da: FloatArray
) -> None:
    """Compute da, and replace dC(t) by dC(t-1)."""
    size, one = dh.size, dh.dtype.type(1)
    gates, da = gates.reshape(4, size), da.reshape(4, size)
    c_prev, tanh_c, dh, dc = c_prev.reshape(-1), tanh_c.reshape(-1), dh.reshape(-1), dc.reshape(-1)
    for j in range(size):
        i, f, o, g = gates[0, j], gates[1, j], gates[2, j], gates[3, j]
        d = dc[j] + dh[j] * o * (one - tanh_c[j] * tanh_c[j])
        da[0, j] = i * (one - i) * g * d
        da[1, j] = f * (one - f) * c_prev[j] * d
        da[2, j] = o * (one - o) * tanh_c[j] * dh[j]
        da[3, j] = (one - g * g) * i * d
        dc[j] = d * f


@compiled
def gru_forward(a: FloatArray, a_h: FloatArray, h_prev: FloatArray, m: FloatArray, h: FloatArray) -> None:
    """Compute h(t) and m = W_n h(t-1) + b_h, and replace `a` by the gates."""
    size, half = h.size, h.dtype.type(0.5)
    a, a_h = a.reshape(3, size), a_h.reshape(3, size)
    h_prev, m, h = h_prev.reshape(-1), m.reshape(-1), h.reshape(-1)
    for j in range(size):
        r = half + half * tanh(half * (a[0, j] + a_h[0, j]))
        u = half + half * tanh(half * (a[1, j] + a_h[1, j]))
        n = tanh(a[2, j] + r * a_h[2, j])
        a[0, j], a[1, j], a[2, j] = r, u, n
        m[j] = a_h[2, j]
        h[j] = h_prev[j] + u * (n - h_prev[j])


@compiled
def gru_backward(
    gates: FloatArray, h_prev: FloatArray, m: FloatArray, dh: FloatArray, da_x: FloatArray, da_h: FloatArray
) -> None:
    """Compute da for both products, and replace dh(t) by the part of it that reaches h(t-1) directly."""
    size, one = dh.size, dh.dtype.type(1)
    gates, da_x, da_h = gates.reshape(3, size), da_x.reshape(3, size), da_h.reshape(3, size)
    h_prev, m, dh = h_prev.reshape(-1), m.reshape(-1), dh.reshape(-1)
    for j in range(size):
        r, u, n = gates[0, j], gates[1, j], gates[2, j]
        dn = (one - n * n) * u * dh[j]
        dr = r * (one - r) * m[j] * dn
        du = u * (one - u) * (n - h_prev[j]) * dh[j]
        da_x[0, j], da_x[1, j], da_x[2, j] = dr, du, dn
        da_h[0, j], da_h[1, j], da_h[2, j] = dr, du, dn * r
        dh[j] *= one - u


class CompiledRNN(RNN):
    """Elman's network, compiled."""

    def forward(self, s: Step) -> None:
        """Compute h(t)."""
        rnn_forward(s.a_x, s.a_h, s.h)

    def backward(self, s: Step) -> None:
        """Compute da."""
        rnn_backward(s.h, s.dh, s.da_x)


class CompiledLSTM(LSTM):
    """Long short-term memory, compiled."""

    def forward(self, s: LSTMStep) -> None:
        """Compute C(t) and h(t)."""
        lstm_forward(s.a_x, s.a_h, s.c_prev, s.c, s.tanh_c, s.h)

    def backward(self, s: LSTMStep) -> None:
        """Compute da and dC(t-1)."""
        lstm_backward(s.a_x, s.c_prev, s.tanh_c, s.dh, s.dc, s.da_x)


class CompiledGRU(GRU):
    """Gated recurrent unit, compiled."""

    def forward(self, s: GRUStep) -> None:
        """Compute h(t)."""
        gru_forward(s.a_x, s.a_h, s.h_prev, s.m, s.h)

    def backward(self, s: GRUStep) -> None:
        """Compute da for both products."""
        gru_backward(s.a_x, s.h_prev, s.m, s.dh, s.da_x, s.da_h)


COMPILED_CELLS: dict[str, Cell[Any]] = {
    cell.name: cell for cell in (CompiledGRU(), CompiledLSTM(), CompiledRNN())
}
"""The compiled cells by their names, which are those of CELLS."""
