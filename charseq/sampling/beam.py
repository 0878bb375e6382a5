"""Beam search: the likeliest continuation of a prompt among those that never leave the K best beginnings."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from charseq.arrays import FloatArray, TokenArray
from charseq.models import LanguageModel
from charseq.network.loss import log_softmax
from charseq.sampling.continuations import Continuation
from charseq.sampling.together import Together
from charseq.scoring.unseen import UnseenRule
from charseq.text.codec import Codec

BEGINNINGS_AT_ONCE = 512
"""About the number of beginnings, those of several prompts, that a model reads together."""


@dataclass(frozen=True, slots=True)
class _Beginning:
    """The beginning of a continuation: `text` and, of its next character, the tokens `begun`.

    It grew out of the beginning in the row `parent` of the last step, by `token`.
    """

    nats: float
    text: str
    begun: tuple[int, ...]
    parent: int
    token: int


@dataclass(slots=True)
class _Beam:
    """The beginnings that are left of a prompt, the best first, and those that have ended."""

    left: list[_Beginning]
    ended: list[_Beginning] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """True if no beginning can become better than one that has ended."""
        return not self.left or bool(self.ended and min(one.nats for one in self.ended) <= self.left[0].nats)


class BeamSearch:
    """Finds likely continuations with a beam of `width`; with width 1 it always takes the likeliest token.

    Source: Lowerre 1976, "The HARPY speech recognition system"; here without any length normalisation, so
    that the result is the likeliest one that was found.
    """

    def __init__(self, model: LanguageModel, codec: Codec, *, width: int, length: int) -> None:
        self._model, self._codec, self._width, self._length = model, codec, width, length
        rule = UnseenRule(codec.tokenizer.escape_probability)
        self._price = float(rule.known_nats(np.zeros(1))[0])

    @property
    def prompts_at_once(self) -> int:
        """A good number of prompts for `best`."""
        return max(1, BEGINNINGS_AT_ONCE // self._width)

    def best(self, prompts: Sequence[str]) -> list[Continuation]:
        """Return the likeliest continuation found of each prompt, of at most `length` characters.

        The beginnings of all prompts are read together, and each prompt is continued as if it were alone.
        """
        if not prompts:
            return []
        together = Together(self._model, [self._codec.prompt(prompt) for prompt in prompts])
        beams = [_Beam([_Beginning(0.0, "", (), row, 0)]) for row in range(len(prompts))]
        growing = beams
        while growing:
            log_p = log_softmax(self._codec.possible(together.read(), together.tokens))
            likeliest = np.argsort(-log_p, axis=1, kind="stable")[:, : self._width].astype(np.int32)
            row = 0
            for beam in growing:
                grown = [
                    new
                    for k, one in enumerate(beam.left, start=row)
                    for new in self._grown(one, k, log_p[k], likeliest[k])
                ]
                row += len(beam.left)
                best = heapq.nsmallest(self._width, grown, key=lambda one: one.nats)
                beam.ended += [one for one in best if self._is_ended(one)]
                beam.left = [one for one in best if not self._is_ended(one)]
            growing = [beam for beam in growing if not beam.is_over]
            rows = [one for beam in growing for one in beam.left]
            together.branch_(
                np.array([one.parent for one in rows], np.int64),
                np.array([one.token for one in rows], np.int32),
            )
        return [self._found(prompt, beam) for prompt, beam in zip(prompts, beams, strict=True)]

    def _found(self, prompt: str, beam: _Beam) -> Continuation:
        found = min(beam.ended, key=lambda one: one.nats)
        return Continuation(prompt, found.text.removesuffix(self._codec.end or "\0"), found.nats)

    def _grown(self, one: _Beginning, row: int, log_p: FloatArray, likeliest: TokenArray) -> list[_Beginning]:
        """Return the likeliest beginnings that are one token longer; log p (V,) is that of the next token."""
        grown = list[_Beginning]()
        for token in likeliest.tolist():
            if np.isneginf(log_p[token]):
                break
            nats, begun = one.nats - float(log_p[token]), (*one.begun, token)
            char = self._codec.tokenizer.read(begun)
            if char is None:
                grown.append(_Beginning(nats, one.text, begun, row, token))
            else:
                grown.append(_Beginning(nats + self._price, one.text + char, (), row, token))
        return grown

    def _is_ended(self, one: _Beginning) -> bool:
        end = self._codec.end
        return len(one.text) >= self._length or (end is not None and one.text.endswith(end))
