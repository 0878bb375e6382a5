"""Readers of n-gram models: of one stream, and of many texts at once; see `ngram.py`."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from charseq.arrays import BoolArray, FloatArray, IndexArray, TokenArray
from charseq.backend import numba_is_loaded, use_numba
from charseq.models.kneser_ney import NOWHERE, log
from charseq.models.ngram_level import Level

TOKENS_FOR_NUMPY = 20_000
"""The tokens that NumPy reads in about a second (measured with 8 orders); then loading numba pays."""
FEW_TEXTS = 8
"""So many texts are read faster one after the other."""


class NGramReader:
    """Reads one stream, one token at a time; it keeps the n-grams that end with the last token."""

    def __init__(self, levels: Sequence[Level], vocab_size: int) -> None:
        self._levels, self._p = levels, np.empty(vocab_size)
        self._num_read = 0
        self._step: Any = None
        self.reset_()

    @property
    def is_compiled(self) -> bool:
        """True if compiled code reads; the bits are the same."""
        return self._step is not None

    def reset_(self) -> None:
        """Forget all that was read."""
        self._contexts: list[int] = [0]

    def save(self) -> list[int]:
        """Return a copy of what has been read, for `restore_`."""
        return self._contexts.copy()

    def restore_(self, saved: list[int]) -> None:
        """Go back to the state in which `save` was called."""
        self._contexts = saved.copy()

    def pack(self, saved: list[int]) -> dict[str, FloatArray]:
        """Return as arrays by name what `save` returned, for a file."""
        return {"contexts": np.array(saved, np.int64)}

    def unpack(self, arrays: Mapping[str, Any]) -> list[int]:
        """Return what `pack` was given. Raises ValueError if the arrays of a file cannot be that."""
        if list(arrays) != ["contexts"] or arrays["contexts"].dtype != np.int64:
            raise ValueError("its arrays are not the contexts of n-grams")
        contexts: list[int] = arrays["contexts"].reshape(-1).tolist()
        sizes = [1, *(len(level.keys) for level in self._levels[:-1])]
        if not contexts or len(contexts) > len(sizes):
            raise ValueError(f"{len(contexts):,} contexts for n-grams of {len(sizes)} orders")
        if not all(0 <= one < size for one, size in zip(contexts, sizes, strict=False)):
            raise ValueError("a context is no n-gram of this model")
        return contexts

    @property
    def order_used(self) -> int:
        """The length of the longest n-grams whose context was met in training: 1 for single tokens."""
        pairs = zip(self._levels, self._contexts, strict=False)
        return max((k for k, (level, context) in enumerate(pairs, start=1) if level.met(context)), default=0)

    def read(self, token: int) -> FloatArray:
        """Return log p (V,) of the token after `token`."""
        if self._step is not None or self._can_compile():
            return self._read_compiled(token)
        levels, before, p = self._levels, self._contexts, self._p
        contexts = [0]
        for level, context in zip(levels[:-1], before, strict=False):
            key = context * len(p) + token
            found = int(level.keys.searchsorted(key))
            if token < 0 or found == len(level.keys) or level.keys[found] != key:
                break
            contexts.append(found)
        self._contexts = contexts
        p.fill(1 / len(p))
        for level, context in zip(levels, contexts, strict=False):
            begin, end = level.begins[context], level.begins[context + 1]
            if begin < end:
                p *= level.gammas[context]
                p[level.chars[begin:end]] += level.shares[begin:end]
        return log(p)

    def _can_compile(self) -> bool:
        """Return whether compiled code reads from now on; it does once loading it pays, or costs nothing."""
        self._num_read += 1
        if numba_is_loaded() or (self._num_read > TOKENS_FOR_NUMPY and use_numba("auto")):
            from charseq.models.compiled import step

            arrays = ((level.chars, level.begins, level.shares, level.gammas) for level in self._levels)
            self._step, self._arrays = step, tuple(arrays)
        return self._step is not None

    def _read_compiled(self, token: int) -> FloatArray:
        p, step, contexts, context = self._p, self._step, [0], 0
        befores = [*self._contexts[: len(self._levels) - 1], NOWHERE]  # nothing is longer than the last level
        p.fill(1 / len(p))
        for arrays, before in zip(self._arrays, befores, strict=False):
            context = step(*arrays, context, before, token, p)
            if context == NOWHERE:
                break
            contexts.append(context)
        self._contexts = contexts
        return log(p)


class NGramReaders:
    """Reads N texts at once, a token of each at a step; the bits are those of `NGramReader`."""

    def __init__(self, levels: Sequence[Level], vocab_size: int, num_texts: int) -> None:
        self._levels, self._vocab_size = levels, vocab_size
        self._contexts = np.full((max(1, len(levels)), num_texts), NOWHERE, np.int64)
        self._contexts[0] = 0
        self._one = NGramReader(levels, vocab_size)
        self._were_put = np.zeros(num_texts, np.bool_)
        self._places: list[int] | None = None

    def put_(self, place: int, saved: list[int]) -> None:
        """Let the text at `place` go on from what a reader of one stream has saved."""
        self._were_put[place], self._places = True, None
        self._put_(place, saved)

    def read(self, tokens: TokenArray) -> FloatArray:
        """Return log p (N, V) of the token after each of `tokens` (N,)."""
        if self._places is None:
            self._places = np.flatnonzero(
                self._were_put if self._were_put.any() else ~self._were_put
            ).tolist()
        if len(self._places) <= FEW_TEXTS or self._one.is_compiled:
            return self._read_each(tokens, self._places)
        before, p = self._contexts, np.full((len(tokens), self._vocab_size), 1 / self._vocab_size)
        self._contexts = np.full_like(before, NOWHERE)
        self._contexts[0] = 0
        for k, level in enumerate(self._levels[:-1]):
            known = np.flatnonzero((before[k] != NOWHERE) & (tokens >= 0))
            self._contexts[k + 1, known] = level.find(before[k, known] * self._vocab_size + tokens[known])
        for level, contexts in zip(self._levels, self._contexts, strict=False):
            level.interpolate_(p, contexts)
        return log(p)

    def _read_each(self, tokens: TokenArray, places: list[int]) -> FloatArray:
        """Read the texts at some places one after the other; the bits are the same."""
        log_p, one = np.zeros((len(tokens), self._vocab_size)), self._one
        for place in places:
            contexts = self._contexts[:, place].tolist()
            one.restore_(contexts[: contexts.index(NOWHERE)] if NOWHERE in contexts else contexts)
            log_p[place] = one.read(int(tokens[place]))
            self._put_(place, one.save())
        return log_p

    def _put_(self, place: int, contexts: list[int]) -> None:
        self._contexts[:, place] = NOWHERE
        self._contexts[: len(contexts), place] = contexts

    def save(self) -> tuple[IndexArray, BoolArray]:
        """Return a copy of what all texts have read."""
        return self._contexts.copy(), self._were_put.copy()

    def spread_(self, saved: tuple[IndexArray, BoolArray], places: IndexArray) -> None:
        """Let text k go on from what the text at places[k] had read."""
        self._contexts, self._were_put, self._places = saved[0][:, places], saved[1][places], None
