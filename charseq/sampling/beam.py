"""Beam search: the likeliest continuation of a prompt among those that never leave the K best beginnings."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from charseq.models import LanguageModel
from charseq.network.loss import log_softmax
from charseq.sampling.continuations import Continuation
from charseq.scoring.unseen import UnseenRule
from charseq.text.codec import Codec


@dataclass(frozen=True, slots=True)
class _Beginning:
    """The beginning of a continuation: `text` and, of its next character, the tokens `begun`.

    `saved` is the reader that has not read the last input yet, which is `token`.
    """

    nats: float
    text: str
    begun: tuple[int, ...]
    token: int
    saved: Any


class BeamSearch:
    """Finds likely continuations with a beam of `width`; with width 1 it always takes the likeliest token.

    Source: Lowerre 1976, "The HARPY speech recognition system"; here without any length normalisation, so
    that the result is the likeliest one that was found.
    """

    def __init__(self, model: LanguageModel, codec: Codec, *, width: int, length: int) -> None:
        self._reader, self._codec, self._width, self._length = model.reader(), codec, width, length
        self._nothing = self._reader.save()
        rule = UnseenRule(codec.tokenizer.escape_probability)
        self._price = float(rule.known_nats(np.zeros(1))[0])

    def best(self, prompt: str) -> Continuation:
        """Return the likeliest continuation found, of at most `length` characters."""
        ended = list[_Beginning]()
        beam = [self._after(self._codec.prompt(prompt))]
        while beam and not (ended and min(one.nats for one in ended) <= beam[0].nats):
            grown = [new for one in beam for new in self._grown(one)]
            best = heapq.nsmallest(self._width, grown, key=lambda one: one.nats)
            ended += [one for one in best if self._is_ended(one)]
            beam = [one for one in best if not self._is_ended(one)]
        found = min(ended, key=lambda one: one.nats)
        return Continuation(prompt, found.text.removesuffix(self._codec.end or "\0"), found.nats)

    def _after(self, inputs: Sequence[int]) -> _Beginning:
        self._reader.restore_(self._nothing)
        for token in inputs[:-1]:
            self._reader.read(token)
        return _Beginning(0.0, "", (), inputs[-1], self._reader.save())

    def _grown(self, one: _Beginning) -> list[_Beginning]:
        """Return the likeliest beginnings that are one token longer."""
        tokenizer = self._codec.tokenizer
        self._reader.restore_(one.saved)
        log_p = log_softmax(self._codec.possible(self._reader.read(one.token), one.token))
        saved, grown = self._reader.save(), list[_Beginning]()
        for token in np.argsort(-log_p, kind="stable")[: self._width].tolist():
            if np.isneginf(log_p[token]):
                break
            nats, begun = one.nats - float(log_p[token]), (*one.begun, token)
            char = tokenizer.read(begun)
            if char is None:
                grown.append(_Beginning(nats, one.text, begun, token, saved))
            else:
                grown.append(_Beginning(nats + self._price, one.text + char, (), token, saved))
        return grown

    def _is_ended(self, one: _Beginning) -> bool:
        end = self._codec.end
        return len(one.text) >= self._length or (end is not None and one.text.endswith(end))
