"""The exponential function for compiled loops over float32, without a call, so that they become vectors.

Import this module only if numba is installed.
"""

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

LOWEST = np.float32(-87)
"""exp of any smaller number counts as exp of this one, 1.6e-38."""
LOG2_E, LN2_HIGH, LN2_LOW = np.float32(1.44269504), np.float32(0.693359375), np.float32(-2.12194440e-4)
"""1 / ln 2, and ln 2 in two parts, the first of which has few bits (Cody and Waite 1980)."""
EXP = tuple(np.float32(1 / math.factorial(k)) for k in range(2, 8))
"""The Taylor coefficients of exp(r) after 1 + r; for |r| <= ln 2 / 2 the relative error is below 1e-8."""
HALF, ONE = np.float32(0.5), np.float32(1)


@intrinsic
def power_of_two(typing: Any, n: Any) -> Any:
    """Return 2^n in float32 for an int32 n from -126 to 127, made of its bits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.IntType(32)
        bits = builder.shl(builder.add(arguments[0], kind(127)), kind(23))
        return builder.bitcast(bits, ir.FloatType())

    return types.float32(types.int32), generate


power: Any = power_of_two  # in Python's eyes it has one argument more, which numba gives it


@njit(inline="always")
def exponential(x: Any) -> Any:
    """Return exp(x) in float32 for x <= 0: 2^n exp(r), with x = n ln 2 + r."""
    z = LOWEST if x < LOWEST else x
    n = np.floor(z * LOG2_E + HALF)
    r = (z - n * LN2_HIGH) - n * LN2_LOW
    q = EXP[0] + r * (EXP[1] + r * (EXP[2] + r * (EXP[3] + r * (EXP[4] + r * EXP[5]))))
    return (ONE + (r + r * r * q)) * power(np.int32(n))
