"""The distributions of n-grams in a window, each computed when it is asked for; see `ngram.py`."""

from collections.abc import Sequence

import numpy as np

from charseq.arrays import FloatArray, IndexArray, TokenArray
from charseq.models.kneser_ney import NOWHERE, log
from charseq.models.ngram_level import Level

MOST_AT_ONCE = 1 << 16
"""The most probabilities that are worked on together: few enough for the processor's cache."""
MOST_KEPT = 1 << 21
"""The most probabilities that are kept as a table of 2-grams."""


def table_of(levels: Sequence[Level], vocab_size: int) -> FloatArray:
    """Return p (C + 1, V) of order 2 after each 1-gram and, in the last row, after anything else.

    If that would be too large, or there is no order 2, it is p (1, V) of order 1, in one row.
    """
    p = np.full((1, vocab_size), 1 / vocab_size)
    for level in levels[:1]:
        level.interpolate_(p, np.zeros(1, np.int64))
    if len(levels) > 1 and len(levels[0].keys) * vocab_size <= MOST_KEPT:
        contexts = np.append(np.arange(len(levels[0].keys)), NOWHERE)
        p = np.repeat(p, len(contexts), axis=0)
        levels[1].interpolate_(p, contexts)
    return p


class Distributions:
    """The distributions after M places of a text; other threads may ask for some of them at the same time.

    `contexts` has for each order k the index (M,) of the (k-1)-gram that ends at each place, in the level
    below, or NOWHERE. `table` is that of `table_of`.
    """

    def __init__(self, levels: Sequence[Level], table: FloatArray, contexts: Sequence[IndexArray]) -> None:
        num_done = min(len(levels), 1 if len(table) == 1 else 2)
        self._table, self._vocab_size = table, table.shape[1]
        self._rows = contexts[1] if num_done == 2 else np.zeros(len(contexts[0]), np.int64)
        self._rest = list(zip(levels, contexts, strict=False))[num_done:]

    def log_p(self, places: slice) -> FloatArray:
        """Return log p (M, V) after some of the places, a slice without a step."""
        rows = self._rows[places]
        p, at_once = np.empty((len(rows), self._vocab_size)), max(16, MOST_AT_ONCE // self._vocab_size)
        for begin in range(0, len(rows), at_once):
            part, some = p[begin : begin + at_once], slice(begin, begin + at_once)
            np.take(self._table, rows[some], axis=0, out=part, mode="wrap")
            for level, contexts in self._rest:
                level.interpolate_(part, contexts[places][some])
            log(part, out=part)
        return p

    def log_p_of(self, places: slice, tokens: TokenArray) -> FloatArray:
        """Return log p (M,) of one of the `tokens` (M,) after each of some places, the same bits as above."""
        p = self._table[self._rows[places], tokens]
        for level, contexts in self._rest:
            level.interpolate_one_(p, contexts[places], tokens)
        return log(p, out=p)
