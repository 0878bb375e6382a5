"""The compiled twin of a step of `NGramReader`. Import this module only if numba is installed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from charseq.arrays import FloatArray
from charseq.backend import compiled_exactly


@compiled_exactly
def step(
    chars: NDArray[Any],
    begins: NDArray[Any],
    shares: FloatArray,
    gammas: FloatArray,
    context: int,
    before: int,
    token: int,
    p: FloatArray,
) -> int:
    """Change p (V,) from that of the level below to that of this level, after a context.

    Return the index of the k-gram of `token` after the context `before`, -1 if there is none. The arrays are
    those of the level.
    """
    begin, end = np.int64(begins[context]), np.int64(begins[context + 1])
    if begin < end:
        gamma = gammas[context]
        for k in range(len(p)):
            p[k] *= gamma
        for k in range(begin, end):
            p[chars[k]] += shares[k]
    if before < 0:
        return -1
    low, high = np.int64(begins[before]), np.int64(begins[before + 1])
    stop = high
    while low < high:
        middle = (low + high) // 2
        if chars[middle] < token:
            low = middle + 1
        else:
            high = middle
    return int(low) if low < stop and chars[low] == token else -1
