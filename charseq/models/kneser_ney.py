"""The discounts of modified Kneser-Ney smoothing, and small types for its numbers; see `ngram.py`.

Source: Chen and Goodman 1999, "An empirical study of smoothing techniques for language modeling".
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from charseq.arrays import FloatArray, IndexArray

NOWHERE = -1
"""The index of an n-gram that was never seen."""
SMALLEST = np.finfo(np.float64).tiny
"""The smallest normal number."""


def narrow(numbers: NDArray[Any]) -> NDArray[Any]:
    """Return the same numbers, none of which is negative, in the smallest type that holds them."""
    dtype = np.min_scalar_type(numbers.max(initial=0))
    same_size = dtype.itemsize == numbers.dtype.itemsize
    return numbers.view(dtype) if same_size else numbers.astype(dtype)


def index_type(length: int) -> np.dtype[Any]:
    """Return a small type for indices of an array of this length, and for the length."""
    small = np.min_scalar_type(length)
    return small if small.itemsize < 8 else np.dtype(np.int64)


def estimate_discounts(counts: IndexArray) -> tuple[float, float, float]:
    """Return D1, D2 and D3+, estimated from the numbers n1 to n4 of counts that are 1, 2, 3 and 4.

    If one of n1 to n4 is 0, or a discount does not lie between 0 and its count, all three are the discount
    of plain Kneser-Ney smoothing, n1 / (n1 + 2 n2), or one half if n1 or n2 is 0.
    """
    n1, n2, n3, n4 = (int(np.sum(counts == k)) for k in (1, 2, 3, 4))
    if n1 and n2 and n3 and n4:
        y = n1 / (n1 + 2 * n2)
        modified = (1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3)
        if all(0 < d < k for k, d in enumerate(modified, start=1)):
            return modified
    plain = n1 / (n1 + 2 * n2) if n1 and n2 else 0.5
    return plain, plain, plain


def discount(counts: IndexArray, discounts: tuple[float, float, float]) -> FloatArray:
    """Return the discount of each count: 0 for 0, D1 for 1, D2 for 2, D3+ for 3 or more."""
    return np.array([0.0, *discounts])[np.minimum(counts, 3)]


def log(p: FloatArray, *, out: FloatArray | None = None) -> FloatArray:
    """Return log p, and log of the smallest normal float64 (-708 nats) where p is less than that.

    So small a p is the result of unusual counts at many orders only.
    """
    at_least = np.maximum(p, SMALLEST, out=out)
    logarithms: FloatArray = np.log(at_least, out=at_least)
    return logarithms
