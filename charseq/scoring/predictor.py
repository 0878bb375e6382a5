"""The next character after a prefix of any length: the classroom's «hell» to o, «kin» to g, «exper» to t."""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from charseq.arrays import FloatArray
from charseq.config import Unit
from charseq.models.contract import LanguageModel
from charseq.network.loss import log_softmax, target_ranks
from charseq.scoring.score import bits, perplexity_of
from charseq.text import UNSEEN, Tokenizer
from charseq.text.batches import NEWLINE, start_token
from charseq.text.tokenizers.tokenizer import bytes_per_char


@dataclass(frozen=True, slots=True)
class Guess:
    """A character and its probability."""

    char: str
    probability: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model expects after `prefix`, and how it rates `target`, if one is given.

    Probabilities follow the unseen-character rule of the tokenizer. `bits` is -log2 p(target); `rank` is 1
    for the likeliest character and 0 for an unseen one; `entropy`, in bits, counts all unseen characters as
    one event. `top` holds the likeliest characters first.
    """

    prefix: str
    target: str | None
    probability: float | None
    rank: int | None
    bits: float | None
    entropy: float
    top: tuple[Guess, ...]

    @property
    def perplexity(self) -> float | None:
        """1 / p(target)."""
        return None if self.bits is None else perplexity_of(self.bits)


class Predictor:
    """Reads prefixes with a model, as it is when the predictor is made, and names what comes next."""

    def __init__(self, model: LanguageModel, tokenizer: Tokenizer, unit: Unit) -> None:
        self._reader, self._tokenizer, self._unit = model.reader(), tokenizer, unit

    def predict(self, prefix: str, target: str | None = None, *, num_top: int = 5) -> Prediction:
        """Return the distribution after `prefix`, read from a zero state; `target` is one character.

        Raises ValueError for a longer or an empty target.
        """
        log_p = deque(self._read(prefix), maxlen=1)
        return self._prediction(prefix, target, log_p[0], num_top)

    def unroll(self, prefix: str, target: str | None, *, num_top: int = 5) -> list[Prediction]:
        """Return the predictions on the way to `target`: h to e, he to l, hel to l, hell to o."""
        log_p, first = list(self._read(prefix)), min(1, len(prefix))
        return [
            self._prediction(prefix[:k], char, log_p[k], num_top)
            for k, char in enumerate([*prefix[first:], target], start=first)
        ]

    def _read(self, prefix: str) -> Iterator[FloatArray]:
        """Yield log((1 - eps) p) of every token, (V,), before `prefix` and after each of its characters."""
        self._reader.reset_()
        start = start_token(self._tokenizer, self._unit)
        for token, char in zip([start, *self._tokenizer.encode(prefix)], ["", *prefix], strict=True):
            if char == NEWLINE and self._unit == "line":
                self._reader.reset_()
            yield log_softmax(self._reader.read(token)) + math.log1p(-self._tokenizer.escape_probability)

    def _prediction(self, prefix: str, target: str | None, log_p: FloatArray, num_top: int) -> Prediction:
        eps = self._tokenizer.escape_probability
        p = np.exp(log_p)
        entropy = -float(np.sum(p * log_p)) - eps * math.log(eps)
        probability = rank = nats = None
        if target is not None:
            probability, nats, rank = self._rate(log_p, p, target)
        order = np.argsort(-log_p, kind="stable")[:num_top]
        top = tuple(Guess(self._tokenizer.vocab[k], float(p[k])) for k in order)
        return Prediction(prefix, target, probability, rank, nats and bits(nats), bits(entropy), top)

    def _rate(self, log_p: FloatArray, p: FloatArray, target: str) -> tuple[float, float, int]:
        """Return probability, nats and rank of the character `target`."""
        if len(target) != 1:
            raise ValueError(f"a target is one character, not {target!r}")
        token = self._tokenizer.encode(target)
        if token[0] == UNSEEN:
            nats = float(self._tokenizer.unseen_nats(bytes_per_char(target))[0])
            return math.exp(-nats), nats, 0
        return float(p[token[0]]), -float(log_p[token[0]]), int(target_ranks(log_p, token[0]))
