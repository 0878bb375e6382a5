"""The characters that a model expects next, the likeliest first, for characters of one token or several.

If each character is one token, the distribution of the next token is that of the next character. Otherwise
the characters are the leaves of a tree. A node is the beginning of a spelling, and its probability is the
product of the probabilities of its tokens. The search always opens the likeliest node, so it finds characters
in the order of their probabilities and reads no more nodes than it needs.
"""

import heapq
import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

import numpy as np

from charseq.arrays import FloatArray, TokenArray
from charseq.models import TokenReader
from charseq.network.loss import log_softmax
from charseq.text.codec import Codec

NEGLIGIBLE = 1e-4
"""The probability of all unopened nodes together at which a search for the whole distribution ends."""
MAX_OPENED = 2000
"""The most nodes that a search opens."""


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

    def place(self, char: str) -> int | None:
        """Return the place of a character in the alphabet, None for one that is not in it."""
        return self._codec.tokenizer.place(char)

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

        `target` is included; a search that opens MAX_OPENED nodes before it is found puts it at its end. With
        `whole`, nearly all characters are returned. `log_p` (V,) is the reader's log probability of each next
        token. The reader is left as it was.
        """
        if self._codec.tokenizer.one_token_each:
            order = np.argsort(-log_p, kind="stable").astype(np.int32)
            entropy = -float(np.sum(np.exp(log_p) * log_p))
            return Ranking(order, log_p[order], entropy)
        saved = reader.save()
        search = _Search(self._codec, reader, log_p, saved)
        found = search.run(num, target, whole=whole)
        reader.restore_(saved)
        return found


class _Search:
    """One search; a node of its heap is (-log p, number, tokens, the reader saved before the last token).

    `_unopened` is the probability of the nodes in the heap that are no characters.
    """

    def __init__(self, codec: Codec, reader: TokenReader, log_p: FloatArray, saved: Any) -> None:
        self._codec, self._tokenizer, self._reader = codec, codec.tokenizer, reader
        self._root = log_p.copy(), saved
        self._heap: list[tuple[float, int, tuple[int, ...], Any]] = []
        self._number = self._num_opened = 0
        self._unopened = 0.0
        self._open((), 0.0, log_p, saved)

    def _open(self, tokens: tuple[int, ...], before: float, log_p: FloatArray, saved: Any) -> None:
        """Add the nodes below `tokens`, whose log p is `before`; `log_p` (V,) is that of the next token."""
        allowed = self._tokenizer.continuations(tokens)
        for token in range(len(log_p)) if allowed is None else allowed.tolist():
            node = (-before - float(log_p[token]), self._number, (*tokens, token), saved)
            heapq.heappush(self._heap, node)
            self._number += 1
            if self._tokenizer.read(node[2]) is None:
                self._unopened += math.exp(-node[0])

    def run(self, num: int, target: str | None, *, whole: bool) -> Ranking:
        """Open nodes until `num` characters and `target` are found, or with `whole` nearly all characters."""
        chars, log_ps, entropy = list[int](), list[float](), 0.0
        sought = None if target is None else self._tokenizer.place(target)
        while self._heap and (len(chars) < num or sought is not None or (whole and self._matters())):
            minus_log_p, _, tokens, saved = heapq.heappop(self._heap)
            char, p = self._tokenizer.read(tokens), math.exp(-minus_log_p)
            if char is None:
                self._unopened -= p
                if self._num_opened < MAX_OPENED:
                    self._num_opened += 1
                    self._open(tokens, -minus_log_p, *self._read(tokens[-1], saved))
                    continue
            entropy += p * minus_log_p
            if char is not None:
                chars.append(place := cast(int, self._tokenizer.place(char)))
                log_ps.append(-minus_log_p)
                sought = None if place == sought else sought
        entropy += sum(math.exp(-node[0]) * node[0] for node in self._heap)
        if sought is not None and target is not None:
            chars.append(sought)
            log_ps.append(self._log_p(target))
        return Ranking(np.array(chars, np.int32), np.array(log_ps), entropy if whole else math.nan)

    def _matters(self) -> bool:
        """Return True if the unopened nodes are likely enough to change the entropy."""
        return self._unopened > NEGLIGIBLE

    def _read(self, token: int, saved: Any) -> tuple[FloatArray, Any]:
        """Return log p (V,) after `token`, and the state of the reader, which was in the state `saved`."""
        self._reader.restore_(saved)
        log_p = log_softmax(self._codec.possible(self._reader.read(token), token))
        return log_p, self._reader.save()

    def _log_p(self, char: str) -> float:
        """Return the log probability of a character, the sum over its tokens."""
        log_p, saved = self._root
        first, *rest = self._tokenizer.spell(char)
        total = float(log_p[first])
        for before, token in pairwise([first, *rest]):
            log_p, saved = self._read(before, saved)
            total += float(log_p[token])
        return total
