"""The compiled twin of a plain draw in `filters.py`. Import this module only if numba is installed."""

import math

from charseq.arrays import FloatArray
from charseq.backend import compiled_exactly

MARGIN = 1e-9
"""The share of the sum within which rounding might decide; it makes less than 1e-12 of the sum."""


@compiled_exactly
def draw_at(logits: FloatArray, temperature: float, chance: float, heights: FloatArray) -> int:
    """Return the token at `chance`, in [0, 1), of the sum of the weights; -1 if rounding might decide.

    `heights` (V,) is scratch, in float64.
    """
    top = logits[0]
    for k in range(1, len(logits)):
        top = max(top, logits[k])
    total, high = 0.0, float(top)
    for k in range(len(logits)):
        total += math.exp((float(logits[k]) - high) / temperature)
        heights[k] = total
    goal, near = chance * total, MARGIN * total
    for k in range(len(heights)):
        if heights[k] > goal:
            is_clear = heights[k] - goal > near and (k == 0 or goal - heights[k - 1] > near)
            return k if is_clear else -1
    return -1
