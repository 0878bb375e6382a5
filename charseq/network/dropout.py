"""Dropout after a recurrent layer: a unit is zero with probability `rate`, or grows to keep the mean.

The mask stays in the workspace until the gradient has come back through it. Source: Srivastava et al. 2014.
"""

import numpy as np

from charseq.arrays import FloatArray


def dropout(
    x: FloatArray, rate: float, rng: np.random.Generator, *, mask: FloatArray, out: FloatArray
) -> None:
    """Draw `mask` (float32, 0 or 1 / (1 - rate)) and write x * mask to `out`; all have the shape of `x`."""
    rng.random(dtype=np.float32, out=mask)
    np.greater_equal(mask, rate, out=mask)
    mask *= 1 / (1 - rate)
    np.multiply(x, mask, out=out)
