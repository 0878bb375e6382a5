"""The compiled twins of the cells: each step in one pass, for users who have numba (`charseq[fast]`).

NumPy makes a pass over memory for each term of an equation; here a unit's gates stay in registers from one
term to the next. The equations are those of `rnn.py`, `lstm.py` and `gru.py`, which stay the reference: a
test compares them. The loop over time that calls them is in `network/windows.py`. Import this module only if
numba is installed.

Here `a` is U x(t) + b + W h(t-1), already summed; only the GRU's candidate has W_n h(t-1) + b_h apart, as m.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from charseq.arrays import FloatArray
from charseq.backend import FASTMATH, compiled

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
def rnn_forward(a: FloatArray, h: FloatArray) -> None:
    """Compute h(t)."""
    a, h = a.reshape(-1), h.reshape(-1)
    for j in range(h.size):
        h[j] = tanh(a[j])


@compiled
def rnn_backward(h: FloatArray, dh: FloatArray, da: FloatArray) -> None:
    """Compute da."""
    h, dh, da = h.reshape(-1), dh.reshape(-1), da.reshape(-1)
    one = h.dtype.type(1)
    for j in range(h.size):
        da[j] = (one - h[j] * h[j]) * dh[j]


@compiled
def lstm_forward(a: FloatArray, c_prev: FloatArray, c: FloatArray, tanh_c: FloatArray, h: FloatArray) -> None:
    """Compute C(t) and h(t), and replace `a` by the gates."""
    size, half = h.size, h.dtype.type(0.5)
    a = a.reshape(4, size)
    c_prev, c, tanh_c, h = c_prev.reshape(-1), c.reshape(-1), tanh_c.reshape(-1), h.reshape(-1)
    for j in range(size):
        i = half + half * tanh(half * a[0, j])
        f = half + half * tanh(half * a[1, j])
        o = half + half * tanh(half * a[2, j])
        g = tanh(a[3, j])
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
def gru_forward(a: FloatArray, m: FloatArray, h_prev: FloatArray, h: FloatArray) -> None:
    """Compute h(t), and replace `a` by the gates."""
    size, half = h.size, h.dtype.type(0.5)
    a, m, h_prev, h = a.reshape(3, size), m.reshape(-1), h_prev.reshape(-1), h.reshape(-1)
    for j in range(size):
        r = half + half * tanh(half * a[0, j])
        u = half + half * tanh(half * a[1, j])
        n = tanh(a[2, j] + r * m[j])
        a[0, j], a[1, j], a[2, j] = r, u, n
        h[j] = h_prev[j] + u * (n - h_prev[j])


@compiled
def gru_backward(
    gates: FloatArray, h_prev: FloatArray, m: FloatArray, dh: FloatArray, da: FloatArray, dm: FloatArray
) -> None:
    """Compute da and dm, and replace dh(t) by the part of it that reaches h(t-1) directly."""
    size, one = dh.size, dh.dtype.type(1)
    gates, da, dm = gates.reshape(3, size), da.reshape(3, size), dm.reshape(-1)
    h_prev, m, dh = h_prev.reshape(-1), m.reshape(-1), dh.reshape(-1)
    for j in range(size):
        r, u, n = gates[0, j], gates[1, j], gates[2, j]
        dn = (one - n * n) * u * dh[j]
        da[0, j] = r * (one - r) * m[j] * dn
        da[1, j] = u * (one - u) * (n - h_prev[j]) * dh[j]
        da[2, j], dm[j] = dn, dn * r
        dh[j] *= one - u
