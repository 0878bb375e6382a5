"""The characters that a model expects next, the likeliest first, for characters of one token or several.

If each character is one token, the distribution of the next token is that of the next character. Otherwise
the characters are the leaves of a tree. A node is the beginning of a spelling, and its probability is the
product of the probabilities of its tokens. The search always opens the likeliest node, so it finds characters
in the order of their probabilities and reads no more nodes than it needs.
"""

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, TypeAlias, cast

import numpy as np

from charseq.arrays import BoolArray, FloatArray, TokenArray
from charseq.models import TokenReader
from charseq.network.loss import log_softmax
from charseq.text.codec import Codec

NEGLIGIBLE = 1e-4
"""The probability of all unopened nodes together at which a search for the whole distribution ends."""
MAX_OPENED, MAX_OPENED_FOR_RANKS = 500, 50
"""The most nodes that a search opens: for the whole distribution, and for some characters or a rank."""

Children: TypeAlias = Callable[[tuple[int, ...]], tuple[TokenArray | None, BoolArray]]
"""Gives the tokens that may follow some tokens, None for any, and which of them end no character."""


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
        self._codec, self._children = codec, cache(self._find_children)

    def place(self, char: str) -> int | None:
        """Return the place of a character in the alphabet, None for one that is not in it."""
        return self._codec.tokenizer.place(char)

    def _find_children(self, tokens: tuple[int, ...]) -> tuple[TokenArray | None, BoolArray]:
        """Return the tokens that may follow `tokens`, None for any, and which of them end no character."""
        tokenizer, allowed = self._codec.tokenizer, self._codec.tokenizer.continuations(tokens)
        last = range(self._codec.vocab_size) if allowed is None else allowed.tolist()
        return allowed, np.array([tokenizer.read((*tokens, token)) is None for token in last])

    def rank(
        self,
        reader: TokenReader,
        log_p: FloatArray,
        *,
        num: int,
        target: str | None = None,
        worst: int | None = None,
        whole: bool = False,
        begun: tuple[int, ...] = (),
    ) -> Ranking:
        """Return at least the `num` likeliest characters, and all that are likelier than `target`.

        `target` is included; a search that may open no more nodes before it is found puts it at its end, and
        one that has found `worst` likelier characters need not find it. With `whole`, nearly all characters
        are returned. `log_p` (V,) is the reader's log probability of each next token. The reader is left as
        it was. If a character has begun with the tokens `begun`, which were read already, the characters are
        those that begin so.
        """
        if self._codec.tokenizer.one_token_each:
            order = np.argsort(-log_p, kind="stable").astype(np.int32)
            entropy = -float(np.sum(np.exp(log_p) * log_p))
            return Ranking(order, log_p[order], entropy)
        saved = reader.save()
        search = _Search(self._codec, self._children, reader, log_p, saved, begun)
        found = search.run(num, target, worst, whole=whole)
        reader.restore_(saved)
        return found


@dataclass(frozen=True, slots=True)
class _Branch:
    """The nodes below `tokens`, the likeliest first: their last tokens, log p, and which are no characters.

    `saved` is the reader after `tokens`.
    """

    tokens: tuple[int, ...]
    last: list[int]
    log_p: list[float]
    is_inner: list[bool]
    saved: Any


class _Search:
    """One search; an entry of its heap is the likeliest node of a branch that was not looked at yet.

    `_unopened` is the probability of all nodes that are no characters and were not opened, `_entropy` that
    of the distribution over characters and such nodes.
    """

    def __init__(
        self,
        codec: Codec,
        children: Children,
        reader: TokenReader,
        log_p: FloatArray,
        saved: Any,
        begun: tuple[int, ...],
    ) -> None:
        self._codec, self._children, self._reader = codec, children, reader
        self._root, self._begun = (log_p.copy(), saved), begun
        self._heap: list[tuple[float, int, _Branch, int]] = []
        self._number = self._num_opened = 0
        self._unopened = self._entropy = 0.0
        self._open(begun, 0.0, log_p, saved)

    def _open(self, tokens: tuple[int, ...], before: float, log_p: FloatArray, saved: Any) -> None:
        """Add the nodes below `tokens`, whose log p is `before`; `log_p` (V,) is that of the next token."""
        allowed, is_inner = self._children(tokens)
        below = before + (log_p if allowed is None else log_p[allowed])
        p, order = np.exp(below), np.argsort(-below, kind="stable")
        self._entropy -= float(p @ below)
        self._unopened += float(p[is_inner].sum())
        last = order if allowed is None else allowed[order]
        branch = _Branch(tokens, last.tolist(), below[order].tolist(), is_inner[order].tolist(), saved)
        self._push(branch, 0)

    def _push(self, branch: _Branch, k: int) -> None:
        heapq.heappush(self._heap, (-branch.log_p[k], self._number, branch, k))
        self._number += 1

    def run(self, num: int, target: str | None, worst: int | None, *, whole: bool) -> Ranking:
        """Open nodes until `num` characters and `target` are found, or with `whole` nearly all characters.

        A target that is not among the first `worst` characters is not looked for any more.
        """
        tokenizer, chars, log_ps = self._codec.tokenizer, list[int](), list[float]()
        sought = None if target is None else tokenizer.place(target)
        most = MAX_OPENED if whole else MAX_OPENED_FOR_RANKS
        while self._heap and (len(chars) < num or sought is not None or (whole and self._matters())):
            minus_log_p, _, branch, k = heapq.heappop(self._heap)
            if k + 1 < len(branch.last):
                self._push(branch, k + 1)
            tokens = (*branch.tokens, branch.last[k])
            if not branch.is_inner[k]:
                place = cast(int, tokenizer.place(cast(str, tokenizer.read(tokens))))
                chars.append(place)
                log_ps.append(-minus_log_p)
                sought = None if place == sought or len(chars) == worst else sought
            elif self._num_opened < most:
                p = math.exp(-minus_log_p)
                self._num_opened, self._unopened = self._num_opened + 1, self._unopened - p
                self._entropy -= p * minus_log_p
                self._open(tokens, -minus_log_p, *self._read(tokens[-1], branch.saved))
            elif len(chars) >= num:
                break
        if sought is not None and target is not None:
            chars.append(sought)
            log_ps.append(self._log_p(target))
        return Ranking(np.array(chars, np.int32), np.array(log_ps), self._entropy if whole else math.nan)

    def _matters(self) -> bool:
        """Return True if the unopened nodes are likely enough to change the entropy."""
        return self._unopened > NEGLIGIBLE

    def _read(self, token: int, saved: Any) -> tuple[FloatArray, Any]:
        """Return log p (V,) after `token`, and the state of the reader, which was in the state `saved`."""
        self._reader.restore_(saved)
        log_p = log_softmax(self._codec.possible(self._reader.read(token), token))
        return log_p, self._reader.save()

    def _log_p(self, char: str) -> float:
        """Return the log probability of a character, the sum over its tokens after those that were read."""
        log_p, saved = self._root
        first, *rest = self._codec.tokenizer.spell(char)[len(self._begun) :]
        total = float(log_p[first])
        for before, token in pairwise([first, *rest]):
            log_p, saved = self._read(before, saved)
            total += float(log_p[token])
        return total
