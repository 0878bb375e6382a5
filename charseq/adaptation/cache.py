"""A cache: n-grams of the text that is being read, counted as it is read.

    p_k(w | c) = (count(c w) + types(c) p_(k-1)(w | c without its first token)) / (count(c) + types(c))

p_0 is uniform; types(c) is the number of different tokens that came after c: Witten-Bell smoothing, which can
be computed from counts that grow. For a context that was not read before, p_k is p_(k-1).

Sources: Kuhn and De Mori 1990, "A cache-based natural language model for speech recognition"; Witten and Bell
1991, "The zero-frequency problem".
"""

from array import array
from collections import deque
from typing import NamedTuple

import numpy as np

from charseq.adaptation.member import Member
from charseq.arrays import BoolArray, FloatArray, TokenArray

ORDER = 6
"""The number of tokens of the longest n-gram."""
MAX_NGRAMS = 1 << 20
"""The most n-grams that are held, about 270 MB; after that only the counts of those grow."""
MAX_BACK = 16
"""The most tokens over which a saved point can be restored: more than any character has."""
NOTHING = array("i")
"""The children of an n-gram that has none; never written to."""
ROOT = 0
"""The number of the empty n-gram."""


class Count(NamedTuple):
    """One token that was counted: what was read, the contexts before it, and the n-grams that end with it."""

    token: int
    reset: bool
    contexts: tuple[int, ...]
    ngrams: tuple[int, ...]


class Reached(NamedTuple):
    """A point in the text: the number of tokens, the last of them with their resets, and the contexts."""

    num_tokens: int
    recent: tuple[tuple[int, bool], ...]
    contexts: tuple[int, ...]


class Cache(Member):
    """A tree of n-grams: the children of an n-gram are one token longer, and ROOT is the empty one.

    All lists have an entry for each n-gram: its place among the children of its context, the last tokens and
    the counts of its own children, and the sum of these counts.
    """

    def __init__(self, vocab_size: int) -> None:
        self._vocab_size = vocab_size
        self._clear()

    def _clear(self) -> None:
        self._ids: dict[int, int] = {}  # (number of an n-gram) * V + token -> the number of the longer n-gram
        self._places, self._totals = [0], [0]
        self._tokens, self._counts = [array("i")], [array("i")]
        self._contexts: tuple[int, ...] = (ROOT,)
        self._num_tokens = 0
        self._log: deque[Count] = deque(maxlen=2 * MAX_BACK)

    def predict(self, tokens: TokenArray, resets: BoolArray | None) -> FloatArray:
        """Return log p (T, V) after each of `tokens` (T,), which are counted as they are read.

        Each context gives the share (count / (total + types)) of what the longer ones left to its children.
        """
        children, counts = array("i"), array("i")  # of all contexts of all rows, one after the other
        rows, lengths, scales, rests = list[int](), list[int](), list[float](), list[float]()
        marks = [False] * len(tokens) if resets is None else resets.tolist()
        for row, (token, reset) in enumerate(zip(tokens.tolist(), marks, strict=True)):
            self._read(token, reset)
            rest = 1.0
            for context in reversed(self._contexts):
                if total := self._totals[context]:
                    num_types = len(self._tokens[context])
                    children += self._tokens[context]
                    counts += self._counts[context]
                    scale = rest / (total + num_types)
                    rest = scale * num_types
                    rows.append(row)
                    lengths.append(num_types)
                    scales.append(scale)
            rests.append(rest)
        places = np.repeat(np.array(rows, np.int64) * self._vocab_size, lengths) + np.asarray(children)
        shares = np.repeat(scales, lengths) * np.asarray(counts)
        p = np.repeat(np.array(rests)[:, None] / self._vocab_size, self._vocab_size, axis=1)
        p += np.bincount(places, shares, p.size).reshape(p.shape)
        return np.log(p, out=p)

    def save(self) -> Reached:
        """Return the point that was reached; `restore_` goes back MAX_BACK tokens, or to the beginning."""
        recent = tuple((count.token, count.reset) for count in self._log)[-MAX_BACK:]
        return Reached(self._num_tokens, recent, self._contexts)

    def restore_(self, saved: Reached) -> None:
        """Go back to a point, or to one in another continuation of the same text."""
        if not saved.num_tokens:
            self._clear()
        elif self.save()[:2] != saved[:2]:
            while self._num_tokens > saved.num_tokens - len(saved.recent):
                self._take_back()
            for token, reset in saved.recent:
                self._read(token, reset)
        self._contexts = saved.contexts

    def _read(self, token: int, reset: bool) -> None:
        """Count `token` after each context, and go on to the contexts that end with it."""
        contexts, ngrams = self._contexts, list[int]()
        for context in contexts if token >= 0 else ():
            ngram = self._ids.get(context * self._vocab_size + token)
            if self.is_learning:
                if ngram is None and len(self._places) <= MAX_NGRAMS:
                    ngram = self._add(context, token)
                if ngram is not None:
                    self._counts[context][self._places[ngram]] += 1
                    self._totals[context] += 1
            if ngram is None:
                break
            ngrams.append(ngram)
        if self.is_learning:
            self._num_tokens += 1
            self._log.append(Count(token, reset, contexts, tuple(ngrams)))
        self._contexts = (ROOT, *ngrams[: ORDER - 1]) if not reset else (ROOT, *ngrams[:1])

    def _take_back(self) -> None:
        """Undo the last `_read` that learnt."""
        token, _, self._contexts, ngrams = self._log.pop()
        self._num_tokens -= 1
        for context, ngram in reversed(list(zip(self._contexts, ngrams, strict=False))):
            self._counts[context][self._places[ngram]] -= 1
            self._totals[context] -= 1
            if not self._counts[context][self._places[ngram]]:  # it was the last that was added
                del self._ids[context * self._vocab_size + token]
                columns = (self._places, self._totals, self._tokens, self._counts)
                for column in (self._tokens[context], self._counts[context], *columns):
                    column.pop()

    def _add(self, context: int, token: int) -> int:
        ngram = self._ids[context * self._vocab_size + token] = len(self._places)
        if not self._totals[context]:  # most n-grams never have children: NOTHING is there until then
            self._tokens[context], self._counts[context] = array("i"), array("i")
        self._places.append(len(self._tokens[context]))
        self._totals.append(0)
        self._tokens.append(NOTHING)
        self._counts.append(NOTHING)
        self._tokens[context].append(token)
        self._counts[context].append(0)
        return ngram
