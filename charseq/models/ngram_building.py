"""The n-grams of all orders and their counts, made from the longest ones; see `ngram_counting.py`."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charseq.arrays import BoolArray, IndexArray, TokenArray
from charseq.models.kneser_ney import index_type, narrow

AFTER_TOKEN, AFTER_NOTHING, AFTER_BEGIN = 0, 1, 2
"""The place of an n-gram: after a token; after nothing that is known; at the beginning of a sequence."""
AT_ONCE = 1 << 20
"""The n-grams that are worked on together."""


@dataclass(slots=True)
class Grams:
    """The k-grams of one order, (M,) each: their `keys` as in `Level`, in ascending order, and `counts`.

    `bare` is true for those that have occurred after nothing.
    """

    keys: IndexArray
    counts: NDArray[Any]
    bare: BoolArray


class Building:
    """The orders 2 to K = `order`, K > 1, filled from the longest n-grams, which come in ascending order.

    The counts of order K are occurrences, those of the others are only the occurrences at the beginning of a
    sequence. `chars` are the tokens that the text has, in ascending order: the 1-grams.
    """

    def __init__(self, chars: IndexArray, *, order: int, vocab_size: int) -> None:
        self._vocab_size = vocab_size
        self._ranks = np.zeros(vocab_size, np.int64)
        self._ranks[chars] = np.arange(len(chars))
        self._last: TokenArray = np.full(order, -1, np.int32)
        self._orders = [_Parts() for _ in range(order - 1)]

    def add_(self, tokens: TokenArray, place: NDArray[Any], counts: IndexArray) -> None:
        """Add n-grams `tokens` (K, M), -1 where one ends early, their place, and how often each occurs there.

        An n-gram may be there several times, in a row.
        """
        is_first, before = np.zeros(len(counts), np.bool_), np.empty(len(counts), np.int32)
        begins, is_bare, contexts = place == AFTER_BEGIN, place == AFTER_NOTHING, self._ranks[tokens[0]]
        for k, row in enumerate(tokens):
            before[0], before[1:] = self._last[k], row[:-1]
            is_first |= row != before
            if not k:
                continue
            parts, exists = self._orders[k - 1], row >= 0
            new = is_first & exists
            number = np.cumsum(new)  # 0 is the last k-gram of those that were added earlier
            keys = contexts[new] * self._vocab_size + row[new]
            counted = exists if k + 1 == len(tokens) else exists & begins
            sums = np.bincount(number[counted], counts[counted], len(keys) + 1).astype(np.int64)
            bare = np.zeros(len(keys) + 1, np.bool_)
            bare[number[exists & is_bare]] = True
            contexts = parts.num_keys - 1 + number
            parts.add_(keys, sums, bare)
        self._last = tokens[:, -1].copy()

    def orders(self) -> list[Grams]:
        """Return the orders 2 to K; call it once, since each is removed from here."""
        return [self._orders.pop(0).whole() for _ in range(len(self._orders))]


class _Parts:
    """The k-grams of one order, in parts."""

    def __init__(self) -> None:
        self.num_keys, self._parts = 0, list[Grams]()

    def add_(self, keys: IndexArray, counts: IndexArray, bare: BoolArray) -> None:
        """Add M k-grams, and to the last one before them the first of `counts` (M + 1,) and `bare`."""
        if self._parts:
            self._parts[-1].counts[-1] += counts[0]
            self._parts[-1].bare[-1] |= bare[0]
        if len(keys):
            if self._parts:
                self._parts[-1].counts = narrow(self._parts[-1].counts)
            self._parts.append(Grams(keys, counts[1:], bare[1:]))
            self.num_keys += len(keys)

    def whole(self) -> Grams:
        parts = self._parts
        return Grams(
            np.concatenate([np.empty(0, np.int64), *(part.keys for part in parts)]),
            np.concatenate([np.empty(0, np.uint8), *(narrow(part.counts) for part in parts)]),
            np.concatenate([np.empty(0, np.bool_), *(part.bare for part in parts)]),
        )


def count_different_contexts_(orders: list[Grams], vocab_size: int) -> None:
    """Let the counts of each order but the highest be those of a lower order, in place.

    A lower order counts the different tokens before a k-gram, and its occurrences at the beginning of a
    sequence, which are in `counts` before. Nothing counts as one more token. Source: Chen and Goodman 1999;
    for the beginnings of sequences Heafield, Pouzyrevsky, Clark and Koehn 2013, "Scalable modified Kneser-Ney
    language model estimation".
    """
    suffixes = np.zeros(len(orders[0].keys), np.int64) if orders else np.empty(0, np.int64)
    for short, long in pairwise(orders):
        # The k-gram without its first token is the one without its first and last, followed by its last.
        found = np.empty(len(long.keys), index_type(len(short.keys)))
        for begin in range(0, len(found), AT_ONCE):
            keys = long.keys[begin : begin + AT_ONCE]
            contexts = keys // vocab_size
            shorter = suffixes[contexts].astype(np.int64) * vocab_size + (keys - contexts * vocab_size)
            found[begin : begin + AT_ONCE] = short.keys.searchsorted(shorter)
        counts = np.bincount(found, minlength=len(short.keys)) + short.counts.astype(np.int64)
        short.counts = narrow(counts + short.bare)
        suffixes = found
