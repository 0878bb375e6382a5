"""The compiled twins of the cells: each step in one pass, for users who have numba (`charseq[fast]`).

NumPy makes a pass over memory for each term of an equation; here a unit's gates stay in registers from one
term to the next. The equations are those of `rnn.py`, `lstm.py` and `gru.py`, which stay the reference: a
test compares them. The loop over time that calls them is in `network/windows.py`. Import this module only if
numba is installed.

Here `a` is U x(t) + b + W h(t-1), already summed; only the GRU's candidate has W_n h(t-1) + b_h apart, as m.
"""

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numba import types
from numba.extending import overload

from charseq.arrays import FloatArray
from charseq.backend import FASTMATH, inlined

Arrays: TypeAlias = tuple[FloatArray, ...]

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


@inlined
def rnn_forward(t: int, a: FloatArray, states: Arrays, previous: Arrays, extras: Arrays) -> None:
    """Compute h(t)."""
    a, h = a[t].reshape(-1), states[0][t + 1].reshape(-1)
    for j in range(h.size):
        h[j] = tanh(a[j])


@inlined
def rnn_backward(
    t: int,
    a: FloatArray,
    states: Arrays,
    previous: Arrays,
    extras: Arrays,
    dstates: Arrays,
    das: Arrays,
) -> None:
    """Compute da, and replace dh(t) by zero: no part of it reaches h(t-1) directly."""
    h, dh, da = states[0][t + 1].reshape(-1), dstates[0].reshape(-1), das[0].reshape(-1)
    one = h.dtype.type(1)
    for j in range(h.size):
        da[j] = (one - h[j] * h[j]) * dh[j]
        dh[j] = 0


@inlined
def lstm_forward(t: int, a: FloatArray, states: Arrays, previous: Arrays, extras: Arrays) -> None:
    """Compute C(t) and h(t), and replace `a` by the gates; `extras` is tanh C."""
    h, c, c_prev = states[0][t + 1].reshape(-1), states[1][t + 1].reshape(-1), previous[1][t].reshape(-1)
    size, half = h.size, h.dtype.type(0.5)
    a, tanh_c = a[t].reshape(4, size), extras[0][t].reshape(-1)
    for j in range(size):
        i = half + half * tanh(half * a[0, j])
        f = half + half * tanh(half * a[1, j])
        o = half + half * tanh(half * a[2, j])
        g = tanh(a[3, j])
        a[0, j], a[1, j], a[2, j], a[3, j] = i, f, o, g
        c[j] = f * c_prev[j] + i * g
        tanh_c[j] = tanh(c[j])
        h[j] = o * tanh_c[j]


@inlined
def lstm_backward(
    t: int,
    a: FloatArray,
    states: Arrays,
    previous: Arrays,
    extras: Arrays,
    dstates: Arrays,
    das: Arrays,
) -> None:
    """Compute da, and replace dC(t) by dC(t-1) and dh(t) by zero: no part of it reaches h(t-1) directly."""
    c_prev, tanh_c = previous[1][t].reshape(-1), extras[0][t].reshape(-1)
    dh, dc = dstates[0].reshape(-1), dstates[1].reshape(-1)
    size, one = dc.size, dc.dtype.type(1)
    gates, da = a[t].reshape(4, size), das[0].reshape(4, size)
    for j in range(size):
        i, f, o, g = gates[0, j], gates[1, j], gates[2, j], gates[3, j]
        d = dc[j] + dh[j] * o * (one - tanh_c[j] * tanh_c[j])
        da[0, j] = i * (one - i) * g * d
        da[1, j] = f * (one - f) * c_prev[j] * d
        da[2, j] = o * (one - o) * tanh_c[j] * dh[j]
        da[3, j] = (one - g * g) * i * d
        dc[j], dh[j] = d * f, 0


@inlined
def gru_forward(t: int, a: FloatArray, states: Arrays, previous: Arrays, extras: Arrays) -> None:
    """Compute h(t), and replace `a` by the gates; `extras` is m."""
    h, h_prev, m = states[0][t + 1].reshape(-1), previous[0][t].reshape(-1), extras[0][t].reshape(-1)
    size, half = h.size, h.dtype.type(0.5)
    a = a[t].reshape(3, size)
    for j in range(size):
        r = half + half * tanh(half * a[0, j])
        u = half + half * tanh(half * a[1, j])
        n = tanh(a[2, j] + r * m[j])
        a[0, j], a[1, j], a[2, j] = r, u, n
        h[j] = h_prev[j] + u * (n - h_prev[j])


@inlined
def gru_backward(
    t: int,
    a: FloatArray,
    states: Arrays,
    previous: Arrays,
    extras: Arrays,
    dstates: Arrays,
    das: Arrays,
) -> None:
    """Compute da and dm, and replace dh(t) by the part of it that reaches h(t-1) directly."""
    h_prev, m = previous[0][t].reshape(-1), extras[0][t].reshape(-1)
    dh = dstates[0].reshape(-1)
    size, one = dh.size, dh.dtype.type(1)
    gates, da, dm = a[t].reshape(3, size), das[0].reshape(3, size), das[1].reshape(-1)
    for j in range(size):
        r, u, n = gates[0, j], gates[1, j], gates[2, j]
        dn = (one - n * n) * u * dh[j]
        da[0, j] = r * (one - r) * m[j] * dn
        da[1, j] = u * (one - u) * (n - h_prev[j]) * dh[j]
        da[2, j], dm[j] = dn, dn * r
        dh[j] *= one - u
