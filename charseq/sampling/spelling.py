"""The tokens that no allowed character has at its next place."""

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charseq.sampling.constraints.chars import Chars
from charseq.text.tokenizers.tokenizer import UNSEEN, Tokenizer

MAX_KEPT = 10_000
"""Answers that are kept, since the same sets of characters come again and again."""

Tokens = NDArray[Any]
Begun = tuple[int, ...]


class Spelling:
    """Tells for a set of characters which tokens of a `tokenizer` would lead to none of them."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._kept: dict[tuple[Chars, Begun], Tokens | None] = {}
        self._counts: dict[Chars, Counter[Begun]] = {}
        self._totals: dict[Begun, int] = {}

    def refused(self, chars: Chars, begun: Begun = ()) -> Tokens | None:
        """Return the tokens that cannot follow the tokens `begun` of a character; None if all of them can."""
        if self._tokenizer.one_token_each and chars.others and not chars.listed:
            return None
        key = chars, begun
        if key not in self._kept:
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
                self._counts.clear()
            tokens = self._whole(chars) if self._tokenizer.one_token_each else self._of_several(chars, begun)
            self._kept[key] = tokens if len(tokens) else None
        return self._kept[key]

    def _whole(self, chars: Chars) -> Tokens:
        """Return the refused tokens where each character is one token."""
        spelled = [self._tokenizer.spell(char)[0] for char in chars.listed]
        tokens = np.array([token for token in spelled if token != UNSEEN], np.intp)
        return tokens if chars.others else self._all_but(tokens)

    def _of_several(self, chars: Chars, begun: Begun) -> Tokens:
        possible = self._tokenizer.continuations(begun)
        candidates = range(self._tokenizer.vocab_size) if possible is None else possible.tolist()
        leading = [token for token in candidates if self._leads(chars, (*begun, token))]
        return self._all_but(np.array(leading, np.intp))

    def _leads(self, chars: Chars, tokens: Begun) -> bool:
        """Return whether these tokens are, or begin, the spelling of one of the characters."""
        char = self._tokenizer.read(tokens)
        if char is not None:
            return char in chars
        listed = self._beginnings(chars)[tokens]
        return listed < self._total(tokens) if chars.others else listed > 0

    def _beginnings(self, chars: Chars) -> Counter[Begun]:
        """Return how many of the listed characters begin with some tokens, by these."""
        if chars not in self._counts:
            spelled = map(self._tokenizer.spell, chars.listed)
            self._counts[chars] = Counter(tokens[:n] for tokens in spelled for n in range(1, len(tokens)))
        return self._counts[chars]

    def _total(self, tokens: Begun) -> int:
        """Return how many characters begin with these tokens."""
        if tokens not in self._totals:
            possible = self._tokenizer.continuations(tokens)
            following = range(self._tokenizer.vocab_size) if possible is None else possible.tolist()
            longer = [(*tokens, token) for token in following]
            whole = self._tokenizer.read(longer[0]) is not None
            self._totals[tokens] = len(longer) if whole else sum(map(self._total, longer))
        return self._totals[tokens]

    def _all_but(self, tokens: Tokens) -> Tokens:
        kept = np.ones(self._tokenizer.vocab_size, np.bool_)
        kept[tokens] = False
        return np.flatnonzero(kept)
