"""The estimates of modified Kneser-Ney smoothing: counts for lower orders, and discounts; see `ngram.py`.

Source: Chen and Goodman 1999, "An empirical study of smoothing techniques for language modeling".
"""

import numpy as np

from charseq.arrays import BoolArray, FloatArray, IndexArray

NOWHERE = -1
"""The index of an n-gram that was never seen."""


def narrow(numbers: IndexArray) -> IndexArray:
    """Return the same numbers, none of which is negative, in the smallest type that holds them."""
    return numbers.astype(np.min_scalar_type(numbers.max(initial=0)))


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


def count_different_contexts(
    short: IndexArray, long: IndexArray, begins: BoolArray, num_short: int
) -> IndexArray:
    """Return the count of each k-gram in a lower order: the number of different characters before it.

    `short` and `long` hold the k-gram and the (k+1)-gram that end at each place, or NOWHERE. Where `begins`
    is true, the k-gram begins a sequence and can have no character before it: each such occurrence counts.
    The beginning of the text, and an unknown character before the k-gram, together count as one more
    character. Source: Chen and Goodman 1999; for the beginnings of sequences Heafield, Pouzyrevsky, Clark and
    Koehn 2013, "Scalable modified Kneser-Ney language model estimation".
    """
    _, first = np.unique(long, return_index=True)
    counts = np.bincount(short[first[long[first] != NOWHERE]], minlength=num_short)
    known = short != NOWHERE
    counts += np.bincount(short[known & begins], minlength=num_short)
    counts[np.unique(short[known & ~begins & (long == NOWHERE)])] += 1
    return counts


def sequence_begins(resets: BoolArray | None, num_inputs: int, k: int) -> BoolArray:
    """Return for each target True if the k-gram that ends with it begins a sequence."""
    begins = np.zeros(num_inputs, np.bool_)
    if resets is not None and 1 < k < num_inputs + 2:
        begins[k - 2 :] = resets[: num_inputs - k + 2]
    return begins


def log(p: FloatArray) -> FloatArray:
    """Return log p, and log of the smallest normal float64 (-708 nats) where p is less than that.

    So small a p is the result of unusual counts at many orders only.
    """
    logarithms: FloatArray = np.log(np.maximum(p, np.finfo(np.float64).tiny))
    return logarithms
