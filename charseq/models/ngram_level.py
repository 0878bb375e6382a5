"""The n-grams of one order, with their counts, discounts and shares; see `ngram.py`."""

from dataclasses import dataclass

import numpy as np

from charseq.arrays import BoolArray, FloatArray, IndexArray
from charseq.models.kneser_ney import NOWHERE, discount, estimate_discounts


@dataclass(frozen=True, slots=True)
class Level:
    """All k-grams of one order k, sorted by `keys`: (index of the context) * V + (last character).

    The context of a k-gram is the (k-1)-gram before its last character; its index is that in the level below.
    For each k-gram: `counts`, the last character `chars`, and `shares`, (count - D) / count(context). For
    each context: `begins`, the index of its first k-gram (with one more entry, the number of k-grams), `met`,
    true if it was seen, and `gammas`, its gamma(c).
    """

    keys: IndexArray
    counts: IndexArray
    chars: IndexArray
    shares: FloatArray
    begins: IndexArray
    met: BoolArray
    gammas: FloatArray

    @classmethod
    def of(cls, keys: IndexArray, counts: IndexArray, num_contexts: int, vocab_size: int) -> "Level":
        """Return the level of these k-grams, with the discounts estimated and gamma computed."""
        contexts, chars = np.divmod(keys, vocab_size)
        discounts = discount(counts, estimate_discounts(counts))
        totals = np.bincount(contexts, counts, num_contexts)
        freed = np.bincount(contexts, discounts, num_contexts)
        gammas = np.divide(freed, totals, out=np.ones(num_contexts), where=totals > 0)
        shares = (counts - discounts) / totals[contexts]
        begins = np.searchsorted(contexts, np.arange(num_contexts + 1))
        return cls(keys, counts, chars, shares, begins, totals > 0, gammas)

    def find(self, keys: IndexArray) -> IndexArray:
        """Return the index of each of `keys`, NOWHERE for a key that does not occur."""
        if not len(self.keys):
            return np.full_like(keys, NOWHERE)
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[places] == keys, places, NOWHERE)

    def interpolate_(self, p: FloatArray, contexts: IndexArray) -> None:
        """Change p (M, V) in place from that of the level below to that of this level, after `contexts` (M,).

        A context is the index of a (k-1)-gram in the level below, or NOWHERE.
        """
        rows = np.flatnonzero(contexts != NOWHERE)
        rows = rows[self.met[contexts[rows]]]
        here = contexts[rows]
        p[rows] *= self.gammas[here][:, None]
        lengths = self.begins[here + 1] - self.begins[here]
        ends = np.cumsum(lengths)
        places = np.arange(lengths.sum()) + np.repeat(self.begins[here] - ends + lengths, lengths)
        p[np.repeat(rows, lengths), self.chars[places]] += self.shares[places]
