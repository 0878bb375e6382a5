"""The characters that a model expects next, the likeliest first, for characters of one token or several.

If each character is one token, the distribution of the next token is that of the next character. Otherwise
the characters are the leaves of a tree. A node is the beginning of a spelling, and its probability is the
product of the probabilities of its tokens. The search always opens the likeliest node, so it finds characters
in the order of their probabilities and reads no more nodes than it needs.
"""

import heapq
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from charseq.arrays import FloatArray, TokenArray
from charseq.models import TokenReader
from charseq.network.loss import log_softmax
from charseq.text.codec import Codec

NEGLIGIBLE = 1e-9
"""Nodes less likely than this are not opened, even in a search for the whole distribution."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Characters in the order of falling probability: `chars` (M,) are their places in the alphabet.

    `log_p` (M,) has their log probabilities. `entropy` is that of the distribution, in nats. It is nan unless
    the search was for the whole distribution, or each character is one token.
    """

    chars: TokenArray
    log_p: FloatArray
    entropy: float

    def rank_of(self, place: int) -> int:
        """Return the rank of the character at `place` in the alphabet, 1 for the likeliest, 0 if absent."""
        found = np.flatnonzero(self.chars == place)
        return int(found[0]) + 1 if len(found) else 0


class Guesser:
    """Ranks the characters of a codec by their probability as the next character."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each character in the alphabet."""
        return {char: place for place, char in enumerate(self._codec.tokenizer.alphabet)}

    def rank(
        self,
        reader: TokenReader,
        log_p: FloatArray,
        *,
        num: int,
        target: str | None = None,
        whole: bool = False,
    ) -> Ranking:
        """Return at least the `num` likeliest characters, and all that are likelier than `target`.

        `target` is included. With `whole`, nearly all characters are returned. `log_p` (V,) is the reader's
        log probability of each next token. The reader is left as it was.
        """
        if self._codec.tokenizer.one_token_each:
            order = np.argsort(-log_p, kind="stable").astype(np.int32)
            entropy = -float(np.sum(np.exp(log_p) * log_p))
            return Ranking(order, log_p[order], entropy)
        saved = reader.save()
        search = _Search(self._codec, reader, self.places)
        search.open((), 0.0, log_p, saved)
        found = search.run(num, None if target is None else self.places.get(target), whole=whole)
        reader.restore_(saved)
        return found


class _Search:
    """One search; a node of its heap is (-log p, number, tokens, the reader saved before the last token)."""

    def __init__(self, codec: Codec, reader: TokenReader, places: dict[str, int]) -> None:
        self._tokenizer, self._reader, self._places = codec.tokenizer, reader, places
        self._heap: list[tuple[float, int, tuple[int, ...], Any]] = []
        self._number = 0

    def open(self, tokens: tuple[int, ...], before: float, log_p: FloatArray, saved: Any) -> None:
        """Add the nodes below `tokens`, whose log p is `before`; `log_p` (V,) is that of the next token."""
        allowed = self._tokenizer.continuations(tokens)
        for token in range(len(log_p)) if allowed is None else allowed.tolist():
            heapq.heappush(self._heap, (-before - float(log_p[token]), self._number, (*tokens, token), saved))
            self._number += 1

    def run(self, num: int, target: int | None, *, whole: bool) -> Ranking:
        """Open nodes until `num` characters and `target` are found, or with `whole` nearly all characters."""
        chars, log_ps, entropy = list[int](), list[float](), 0.0
        while self._heap and (len(chars) < num or target is not None or (whole and self._matters())):
            minus_log_p, _, tokens, saved = heapq.heappop(self._heap)
            char = self._tokenizer.read(tokens)
            if char is None:
                self._reader.restore_(saved)
                log_p = log_softmax(self._reader.read(tokens[-1]))
                self.open(tokens, -minus_log_p, log_p, self._reader.save())
                continue
            place, p = self._places[char], math.exp(-minus_log_p)
            chars.append(place)
            log_ps.append(-minus_log_p)
            entropy += p * minus_log_p
            target = None if place == target else target
        return Ranking(np.array(chars, np.int32), np.array(log_ps), entropy if whole else math.nan)

    def _matters(self) -> bool:
        """Return True if the likeliest node in the heap is likely enough to change the entropy."""
        return -self._heap[0][0] > math.log(NEGLIGIBLE)
