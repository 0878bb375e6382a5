"""The n-grams of one order, with their counts, discounts and shares; see `ngram.py`."""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charseq.arrays import BoolArray, FloatArray, IndexArray, TokenArray
from charseq.models.kneser_ney import NOWHERE, discount, estimate_discounts, index_type, narrow

AT_ONCE = 1 << 20
"""The k-grams that are worked on together, and those of one context more."""


@dataclass(frozen=True, slots=True)
class Level:
    """All k-grams of one order k, sorted by `keys`: (index of the context) * V + (last character).

    The context of a k-gram is the (k-1)-gram before its last character; its index is that in the level below.
    For each k-gram: `counts`, the last character `chars`, and `shares`, (count - D) / count(context). For
    each context: `begins`, the index of its first k-gram (with one more entry, the number of k-grams), and
    `gammas`, its gamma(c). Indices, counts and characters have the smallest types that hold them.
    """

    keys: IndexArray
    counts: NDArray[Any]
    chars: NDArray[Any]
    shares: FloatArray
    begins: NDArray[Any]
    gammas: FloatArray
    vocab_size: int

    @classmethod
    def of(cls, keys: IndexArray, counts: NDArray[Any], num_contexts: int, vocab_size: int) -> "Level":
        """Return the level of these k-grams, with the discounts estimated and gamma computed."""
        counts, discounts, size = narrow(counts), estimate_discounts(counts), len(keys)
        begins = np.empty(num_contexts + 1, index_type(size))
        for first in range(0, num_contexts + 1, AT_ONCE):
            contexts = np.arange(first, min(first + AT_ONCE, num_contexts + 1))
            begins[first : first + AT_ONCE] = keys.searchsorted(contexts * vocab_size)
        chars = np.empty(size, index_type(vocab_size))
        shares, gammas = np.empty(size), np.ones(num_contexts)
        cuts = begins.searchsorted(np.arange(0, size, AT_ONCE).astype(begins.dtype), side="right") - 1
        for first, last in itertools.pairwise([*np.unique(cuts), num_contexts]):
            part = slice(int(begins[first]), int(begins[last]))
            contexts, chars[part] = np.divmod(keys[part], vocab_size)
            contexts -= first
            freed = discount(counts[part], discounts)
            totals = np.bincount(contexts, counts[part], last - first)
            shares[part] = (counts[part] - freed) / totals[contexts]
            sums = np.bincount(contexts, freed, last - first)
            np.divide(sums, totals, out=gammas[first:last], where=totals > 0)
        return cls(keys, counts, chars, shares, begins, gammas, vocab_size)

    def met(self, contexts: Any) -> BoolArray:
        """Return True for those of the `contexts`, indices in the level below, that were seen."""
        seen: BoolArray = self.begins[contexts] < self.begins[contexts + 1]
        return seen

    def find(self, keys: IndexArray) -> IndexArray:
        """Return the index of each of `keys`, NOWHERE for a key that does not occur."""
        if not len(self.keys):
            return np.full_like(keys, NOWHERE)
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[places] == keys, places, NOWHERE)

    def interpolate_(self, p: FloatArray, contexts: IndexArray) -> None:
        """Change p (M, V) in place from that of the level below to that of this level, after `contexts` (M,).

        A context is the index of a (k-1)-gram in the level below, or NOWHERE. The rows of p follow each other
        in memory.
        """
        rows = self._rows_met(contexts)
        if not len(rows):
            return
        here = contexts[rows]
        gammas = np.ones(len(p))
        gammas[rows] = self.gammas[here]
        p *= gammas[:, None]
        begins = self.begins[here].astype(np.int64)
        lengths = self.begins[here + 1].astype(np.int64) - begins
        ends = np.cumsum(lengths)
        places = np.arange(ends[-1]) + np.repeat(begins - ends + lengths, lengths)
        flat = np.repeat(rows * p.shape[1], lengths) + self.chars[places]
        p.reshape(-1)[flat] += self.shares[places]

    def interpolate_one_(self, p: FloatArray, contexts: IndexArray, tokens: TokenArray) -> None:
        """Change p (M,), that of one of `tokens` (M,) after each context, as `interpolate_` changes all."""
        rows = self._rows_met(contexts)
        here = contexts[rows]
        p[rows] *= self.gammas[here]
        found = self.find(here * self.vocab_size + tokens[rows])
        is_found = found != NOWHERE
        p[rows[is_found]] += self.shares[found[is_found]]

    def _rows_met(self, contexts: IndexArray) -> IndexArray:
        """Return the indices of those of the `contexts` that were seen."""
        rows = np.flatnonzero(contexts != NOWHERE)
        return rows[self.met(contexts[rows])]
