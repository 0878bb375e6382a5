"""The prediction of what follows a prefix: o after "hell", g after "kin", "iment" after "exper"."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from charseq.arrays import FloatArray
from charseq.errors import ConfigError
from charseq.models import LanguageModel, TokenReader
from charseq.network.loss import log_softmax
from charseq.scoring.guesses import Guesser, Ranking
from charseq.scoring.score import bits, perplexity_of
from charseq.scoring.unseen import UnseenRule
from charseq.text import UNSEEN
from charseq.text.codec import Codec
from charseq.text.tokenizers.tokenizer import bytes_per_char

WITHIN = UnseenRule(0.0)
"""The rule within a character: once it has begun, it is a known one."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A character and its probability."""

    char: str
    probability: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """The distribution of the next character after `prefix`, and the numbers of `target`, if one is given.

    Probabilities follow the rule for unseen characters. `bits` is -log2 p(target). `rank` is that of the
    target, 1 for the likeliest character and 0 for an unseen one; None if the target has several characters,
    whose bits are then summed up. `entropy` is in bits and counts all unseen
    characters as one event. `top` holds the likeliest characters, the likeliest first.
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
        """1 / p(target), None without a target."""
        return None if self.bits is None else perplexity_of(self.bits)


class Predictor:
    """Reads prefixes with a model and predicts the next character.

    A network's parameters are copied when the predictor is made.
    """

    def __init__(self, model: LanguageModel, codec: Codec) -> None:
        self.reader: TokenReader = model.reader()
        """The reader; after a step it has read the token of this step."""
        self._nothing = self.reader.save()
        self._codec, self._guesser = codec, Guesser(codec)
        self._rule = UnseenRule(codec.tokenizer.escape_probability)

    def predict(self, prefix: str, target: str | None = None, *, num_top: int = 5) -> Prediction:
        """Return the prediction after `prefix`, read from a zero state; `target` is what should follow.

        Both are read in the form of the codec. Raises ConfigError if `target` is empty then.
        """
        return self._predict(*self._formed(prefix, target), num_top)

    def _predict(self, prefix: str, target: str | None, num_top: int) -> Prediction:
        """Return the prediction for texts in the form of the codec."""
        whole, following = self._codec.completed(prefix), target or ""
        readings = islice(self._read(whole + following[:-1]), len(whole), None)
        log_p = next(readings)
        prediction = self._prediction(prefix, None if target is None else target[:1], log_p, num_top)
        if len(following) <= 1:
            return prediction
        chars = zip(following[1:], readings, strict=True)
        nats = -math.log(prediction.probability or 1) + sum(
            self._rating(char, self._ranking(char, log_p, 1), log_p)[1] for char, log_p in chars
        )
        return replace(prediction, target=target, probability=math.exp(-nats), rank=None, bits=bits(nats))

    def unroll(self, prefix: str, target: str | None, *, num_top: int = 5) -> list[Prediction]:
        """Return a prediction for each character of `prefix` after the first, and one for `target`.

        For "hell" and "o" these are e after "h", l after "he", l after "hel", and o after "hell".
        """
        prefix, target = self._formed(prefix, target)
        first = min(1, len(prefix))
        is_char = target is None or len(target) == 1
        chars = [*prefix, target if is_char else None]
        steps = [
            self._prediction(prefix[:k], chars[k], log_p, num_top)
            for k, log_p in enumerate(self._read(prefix))
            if k >= first
        ]
        if is_char and self._codec.completed(prefix) == prefix:
            return steps
        return [*steps[:-1], self._predict(prefix, target, num_top)]

    def steps(
        self, prefix: str, target: str | None = None, *, num_top: int = 5
    ) -> Iterator[tuple[int, Prediction]]:
        """Yield each token that is read, with the prediction after it: the start, then those of `prefix`.

        A prediction is that of the character that comes next in `prefix`, at its end of `target`; of a longer
        target, its characters are read, too, but for the last. Within a character of several tokens it is
        that of the character that has begun. Both texts are as in `predict`.
        """
        text = self.text_read(prefix, target)
        target = self._formed(prefix, target)[1]
        following = [*text, target and target[-1]]
        ends = set(self._codec.reading(text).expects.tolist())
        num_read, begun = -1, tuple[int, ...]()
        for k, (token, log_p) in enumerate(self._read_tokens(text)):
            num_read, begun = (num_read + 1, ()) if k in ends else (num_read, (*begun, token))
            yield token, self._prediction(text[:num_read], following[num_read], log_p, num_top, begun)

    def text_read(self, prefix: str, target: str | None = None) -> str:
        """Return the text whose tokens `steps` yields after the start."""
        prefix, target = self._formed(prefix, target)
        return self._codec.completed(prefix) + (target or "")[:-1]

    def _formed(self, prefix: str, target: str | None) -> tuple[str, str | None]:
        """Return both in the form of the codec. Raises ConfigError if nothing is left of the target."""
        form = self._codec.form
        prefix = form.apply(prefix, "the prefix")
        formed = None if target is None else form.apply(target, "the target")
        if formed == "":
            as_read = f", which is empty when it is read ({form.name})" if target else ""
            raise ConfigError(f"a target is one character or more; got {target!r}{as_read}")
        return prefix, formed

    def _read(self, prefix: str) -> Iterator[FloatArray]:
        """Yield log p (V,) of the next token: before `prefix`, and after each of its characters."""
        places = set(self._codec.reading(prefix).expects.tolist())
        return (log_p for k, (_, log_p) in enumerate(self._read_tokens(prefix)) if k in places)

    def _read_tokens(self, text: str) -> Iterator[tuple[int, FloatArray]]:
        """Yield the start and each token of `text`, with log p (V,) of the token after it."""
        self.reader.restore_(self._nothing)
        inputs, starts, _ = self._codec.reading(text)
        for k, token in enumerate(inputs.tolist()):
            if starts is not None and starts[k]:
                self.reader.reset_()
            logits = self.reader.read(token)
            yield token, log_softmax(self._codec.possible(logits, token))

    def _prediction(
        self,
        prefix: str,
        target: str | None,
        log_p: FloatArray,
        num_top: int,
        begun: tuple[int, ...] = (),
    ) -> Prediction:
        ranking = self._ranking(target, log_p, num_top, begun)
        rule = WITHIN if begun else self._rule
        entropy = rule.entropies(ranking.entropy)
        known = rule.known_nats(-ranking.log_p)
        alphabet = self._codec.tokenizer.alphabet
        top = tuple(
            Guess(alphabet[place], math.exp(-nats))
            for place, nats in zip(ranking.chars[:num_top].tolist(), known[:num_top].tolist(), strict=True)
        )
        if target is None:
            return Prediction(prefix, None, None, None, None, bits(entropy), top)
        rank, nats = self._rating(target, ranking, log_p, begun)
        return Prediction(prefix, target, math.exp(-nats), rank, bits(nats), bits(entropy), top)

    def _ranking(
        self, target: str | None, log_p: FloatArray, num_top: int, begun: tuple[int, ...] = ()
    ) -> Ranking:
        return self._guesser.rank(self.reader, log_p, num=num_top, target=target, whole=True, begun=begun)

    def _rating(
        self, char: str, ranking: Ranking, log_p: FloatArray, begun: tuple[int, ...] = ()
    ) -> tuple[int, float]:
        """Return the rank of a character, 0 for one without a place in the alphabet, and its nats."""
        place, token = self._guesser.place(char), self._codec.tokenizer.spell(char)[len(begun)]
        if token == UNSEEN:
            return 0, float(self._rule.unknown_nats(bytes_per_char(char))[0])
        if place is None:  # a byte that could begin a character: its token is no character yet
            return 0, -float(log_p[token])
        rank = ranking.rank_of(place)
        rule = WITHIN if begun else self._rule
        return rank, float(rule.known_nats(-ranking.log_p)[rank - 1])
