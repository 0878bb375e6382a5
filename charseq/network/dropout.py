"""Dropout after a recurrent layer: each output is set to zero with probability `rate`.

The outputs that are kept are divided by 1 - rate, so that their mean stays the same. The mask stays in the
workspace, because the gradient is multiplied by it on the way back. Source: Srivastava et al. 2014.
"""

import numpy as np

from charseq.arrays import FloatArray


def dropout(
    x: FloatArray, rate: float, rng: np.random.Generator, *, mask: FloatArray, out: FloatArray
) -> None:
    """Draw `mask` (float32, 0 or 1 / (1 - rate)) and write x * mask to `out`; both have the shape of `x`."""
    rng.random(dtype=np.float32, out=mask)
    np.greater_equal(mask, rate, out=mask)
    mask *= 1 / (1 - rate)
    np.multiply(x, mask, out=out)
