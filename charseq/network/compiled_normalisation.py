"""The compiled twin of `normalisation.py`. Import this module only if numba is installed."""

import math
from typing import Any

from charseq.arrays import FloatArray
from charseq.backend import inlined
from charseq.network import columns
from charseq.network.columns import LANES
from charseq.network.normalisation import EPSILON

# In Python's eyes these functions have one argument more, which numba gives them.
dot_columns: Any = columns.dot_columns
scale_columns: Any = columns.scale_columns
deduct_and_scale_columns: Any = columns.deduct_and_scale_columns


@inlined
def normalise_add(v: FloatArray, inverse: FloatArray, a: FloatArray, last: FloatArray) -> None:
    """Replace v (G*H, N) by y, write 1/s to `inverse` (G, N), and add y to `a`.

    The last gate is added to `last` (H, N) instead.
    """
    num_gates, num_streams = inverse.shape
    size, whole = len(v) // num_gates, num_streams // LANES * LANES
    for g in range(num_gates):
        rows, scale = v[g * size : (g + 1) * size], inverse[g]
        sums = last if g == num_gates - 1 else a[g * size : (g + 1) * size]
        for n in range(0, whole, LANES):
            dot_columns(rows[:, n:], rows[:, n:], scale[n:])
        for n in range(whole, num_streams):
            total = v.dtype.type(0)
            for j in range(size):
                total += rows[j, n] * rows[j, n]
            scale[n] = total
        for n in range(num_streams):
            scale[n] = 1 / math.sqrt(scale[n] / size + EPSILON)
        for n in range(0, whole, LANES):
            scale_columns(rows[:, n:], scale[n:], sums[:, n:])
        for j in range(size):
            for n in range(whole, num_streams):
                rows[j, n] *= scale[n]
                sums[j, n] += rows[j, n]


@inlined
def normalise_back(dy: FloatArray, y: FloatArray, inverse: FloatArray, mean: FloatArray) -> None:
    """Replace dy (G*H, N), the gradient of y, by that of v; `mean` (N,) is scratch."""
    num_gates, num_streams = inverse.shape
    size, whole = len(y) // num_gates, num_streams // LANES * LANES
    for g in range(num_gates):
        gradients, rows = dy[g * size : (g + 1) * size], y[g * size : (g + 1) * size]
        scale = inverse[g]
        for n in range(0, whole, LANES):
            dot_columns(gradients[:, n:], rows[:, n:], mean[n:])
        for n in range(whole, num_streams):
            total = dy.dtype.type(0)
            for j in range(size):
                total += gradients[j, n] * rows[j, n]
            mean[n] = total
        for n in range(num_streams):
            mean[n] /= size
        for n in range(0, whole, LANES):
            deduct_and_scale_columns(gradients[:, n:], rows[:, n:], mean[n:], scale[n:])
        for j in range(size):
            for n in range(whole, num_streams):
                gradients[j, n] = (gradients[j, n] - rows[j, n] * mean[n]) * scale[n]
