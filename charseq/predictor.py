"""The next character after a prefix of any length: the classroom's «hell» to o, «kin» to g, «exper» to t."""

import math
from dataclasses import dataclass

import numpy as np

from charseq.arrays import FloatArray
from charseq.config import Unit
from charseq.network import CharModel
from charseq.network.loss import log_softmax, target_ranks
from charseq.score import exp_or_inf
from charseq.text import UNSEEN, Tokenizer
from charseq.text.batches import prompt_tokens
from charseq.text.tokenizer import bytes_per_char


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
        return None if self.bits is None else exp_or_inf(self.bits * math.log(2))


class Predictor:
    """Reads prefixes with one model and names what comes next."""

    def __init__(self, model: CharModel, tokenizer: Tokenizer, unit: Unit) -> None:
        self._model, self._tokenizer, self._unit = model, tokenizer, unit
        self._work = model.workspace(1, 1, backward=False)

    def predict(self, prefix: str, target: str | None = None, *, num_top: int = 5) -> Prediction:
        """Return the distribution after `prefix`, read from a zero state; `target` is one character.

        Raises ValueError for a longer or an empty target.
        """
        if target is not None and len(target) != 1:
            raise ValueError(f"a target is one character, not {target!r}")
        log_p = self._read(prefix)
        eps = self._tokenizer.escape_probability
        order = np.argsort(-log_p, kind="stable")
        p = np.exp(log_p)
        entropy = -float(np.sum(p * log_p)) - eps * math.log(eps)
        probability = rank = bits = None
        if target is not None:
            nats, rank = self._price(log_p, target)
            probability, bits = math.exp(-nats), nats / math.log(2)
        top = tuple(Guess(self._tokenizer.vocab[k], float(p[k])) for k in order[:num_top])
        return Prediction(prefix, target, probability, rank, bits, entropy / math.log(2), top)

    def unroll(self, prefix: str, target: str | None, *, num_top: int = 5) -> list[Prediction]:
        """Return the predictions on the way to `target`: h to e, he to l, hel to l, hell to o."""
        chars = [*prefix[1:], target]
        return [self.predict(prefix[: k + 1], char, num_top=num_top) for k, char in enumerate(chars)]

    def _read(self, prefix: str) -> FloatArray:
        """Return log((1 - eps) p) of every token after `prefix`, (V,)."""
        state = self._model.initial_state(1)
        for token in prompt_tokens(prefix, self._tokenizer, self._unit):
            logits = self._model.forward(np.full((1, 1), token, np.int32), state, self._work)
        return log_softmax(logits[0, 0]) + math.log1p(-self._tokenizer.escape_probability)

    def _price(self, log_p: FloatArray, target: str) -> tuple[float, int]:
        token = int(self._tokenizer.encode(target)[0])
        if token == UNSEEN:
            escape = -math.log(self._tokenizer.escape_probability)
            return escape + math.log(256) * int(bytes_per_char(target)[0]), 0
        return -float(log_p[token]), int(target_ranks(log_p, np.array(token)))
