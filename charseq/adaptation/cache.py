"""A cache: n-grams of the text that is being read, counted as it is read.

    p_k(w | c) = (count(c w) + types(c) p_(k-1)(w | c without its first token)) / (count(c) + types(c))

p_0 is uniform; types(c) is the number of different tokens that came after c: Witten-Bell smoothing, which can
be computed from counts that grow. For a context that was not read before, p_k is p_(k-1).

Sources: Kuhn and De Mori 1990, "A cache-based natural language model for speech recognition"; Witten and Bell
1991, "The zero-frequency problem".
"""

from collections import deque
from typing import Any, NamedTuple

import numpy as np

from charseq.adaptation.member import Member
from charseq.arrays import BoolArray, FloatArray, TokenArray

ORDER = 6
"""The number of tokens of the longest n-gram."""
MAX_NGRAMS = 1 << 20
"""The most n-grams that are held, about 200 MB; after that only the counts of those grow."""
MAX_BACK = 16
"""The most tokens over which a saved point can be restored: more than any character has."""
ROOT = 0


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

    All lists have an entry for each n-gram: its last token, its count, the sum of its children's counts, and
    its children.
    """

    def __init__(self, vocab_size: int) -> None:
        self._vocab_size = vocab_size
        self._clear()

    def _clear(self) -> None:
        self._ids: dict[int, int] = {}  # (number of an n-gram) * V + token -> the number of the longer n-gram
        self._token, self._count, self._total, self._children = [-1], [0], [0], [list[int]()]
        self._contexts: tuple[int, ...] = (ROOT,)
        self._num_tokens = 0
        self._log: deque[Count] = deque(maxlen=2 * MAX_BACK)

    def predict(self, tokens: TokenArray, resets: BoolArray | None) -> FloatArray:
        """Return log p (T, V) after each of `tokens` (T,), which are counted as they are read."""
        p = np.empty((len(tokens), self._vocab_size))
        marks = [False] * len(tokens) if resets is None else resets.tolist()
        for row, token, reset in zip(p, tokens.tolist(), marks, strict=True):
            self._read(token, reset)
            self._write_p(row)
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
                if ngram is None and len(self._token) <= MAX_NGRAMS:
                    ngram = self._add(context, token)
                if ngram is not None:
                    self._count[ngram] += 1
                    self._total[context] += 1
            if ngram is None:
                break
            ngrams.append(ngram)
        if self.is_learning:
            self._num_tokens += 1
            self._log.append(Count(token, reset, contexts, tuple(ngrams)))
        self._contexts = (ROOT, *ngrams[: ORDER - 1]) if not reset else (ROOT, *ngrams[:1])

    def _take_back(self) -> None:
        """Undo the last `_read` that learnt."""
        _, _, self._contexts, ngrams = self._log.pop()
        self._num_tokens -= 1
        for context, ngram in reversed(list(zip(self._contexts, ngrams, strict=False))):
            self._count[ngram] -= 1
            self._total[context] -= 1
            if not self._count[ngram]:  # it was the last that was added
                del self._ids[context * self._vocab_size + self._token[ngram]]
                for column in (self._children[context], *self._columns):
                    column.pop()

    def _add(self, context: int, token: int) -> int:
        ngram = self._ids[context * self._vocab_size + token] = len(self._token)
        self._children[context].append(ngram)
        for column, value in zip(self._columns, (token, 0, 0, []), strict=True):
            column.append(value)
        return ngram

    @property
    def _columns(self) -> tuple[list[Any], ...]:
        return self._token, self._count, self._total, self._children

    def _write_p(self, p: FloatArray) -> None:
        """Write the probabilities (V,) of the next token: each order's share goes to its counts."""
        tokens, shares, rest = list[int](), list[float](), 1.0
        for context in reversed(self._contexts):
            children = self._children[context]
            if not children:
                continue
            scale = rest / (self._total[context] + len(children))
            rest = scale * len(children)
            tokens += [self._token[ngram] for ngram in children]
            shares += [scale * self._count[ngram] for ngram in children]
        p[...] = rest / self._vocab_size
        if tokens:
            p += np.bincount(tokens, shares, self._vocab_size)
