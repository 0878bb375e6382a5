"""The way through a text that keeps rules: where it is, and which tokens may come next."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from charseq.arrays import FloatArray
from charseq.sampling.constraints.chars import Chars
from charseq.sampling.filters import TINY_TEMPERATURE, weights
from charseq.sampling.rules import Place, Rules
from charseq.sampling.spelling import Spelling, Tokens
from charseq.sampling.start import Start


class Allowed(NamedTuple):
    """The tokens that may come next: their logits (V,) and weights (V,), and the log of the share they have.

    The logits of the others are -infinity, and their weights 0.
    """

    logits: FloatArray
    p: FloatArray
    log_share: float


class Saved(NamedTuple):
    """A place on the way: how much is written, the next input, and the tokens of a begun character."""

    num_chars: int
    num_tokens: int
    token: int
    begun: tuple[int, ...]
    places: tuple[Place, ...]
    allowed: Chars


class Walk:
    """A text that grows token by token from a start on, up to `length` characters, and keeps some rules."""

    def __init__(self, start: Start, rules: Sequence[Rules], *, length: int) -> None:
        self._start, self._tokenizer, self._rules = start, start.codec.tokenizer, rules
        self._spelling, self._length = Spelling(self._tokenizer), length
        self._stops = rules[0].stops
        self._longest = max(map(len, self._stops), default=0)

    def begin(self) -> None:
        """Begin a text."""
        self.token, self.stop = self._start.token, ""
        self.chars, self.tokens = list[str](), list[int]()
        self._begun = tuple[int, ...]()
        self._places = tuple(rules.begin(self._start.tail, self._length) for rules in self._rules)
        self._find_allowed()

    def save(self) -> Saved:
        """Return where the text is now, for `restore_`."""
        return Saved(len(self.chars), len(self.tokens), self.token, self._begun, self._places, self._allowed)

    def restore_(self, saved: Saved) -> None:
        """Go back to where `save` was called, on the same text."""
        num_chars, num_tokens, self.token, self._begun, self._places, self._allowed = saved
        del self.chars[num_chars:], self.tokens[num_tokens:]
        self.stop = ""

    def refused(self) -> Tokens | None:
        """Return the tokens that may not come next, None if all may."""
        return self._spelling.refused(self._allowed, self._begun)

    def refused_by(self, rules: int) -> Tokens | None:
        """Return the tokens that one of the rules alone does not let come next."""
        return self._spelling.refused(self._chars(rules), self._begun)

    def take_(self, token: int) -> None:
        """Add a token."""
        self.tokens.append(token)
        self.token, begun = token, (*self._begun, token)
        char = self._tokenizer.read(begun)
        self._begun = begun if char is None else ()
        if char is None:
            return
        self.chars.append(char)
        left = self._length - len(self.chars)
        self._places = tuple(
            rules.after(place, char, left) for rules, place in zip(self._rules, self._places, strict=True)
        )
        self.stop = self._stop_reached() if self._longest else ""
        if left and not self.stop:
            self._find_allowed()

    @property
    def has_ended(self) -> bool:
        """True if a stop or the full length is reached."""
        return bool(self.stop) or (len(self.chars) == self._length and not self._begun)

    @property
    def broken(self) -> list[int]:
        """The rules that a text which was cut at its full length does not keep."""
        if self.stop:
            return []
        pairs = zip(self._rules, self._places, strict=True)
        return [k for k, (rules, place) in enumerate(pairs) if not rules.may_be_cut(place)]

    @property
    def text(self) -> str:
        """The text, without the stop that ended it."""
        return "".join(self.chars[: max(0, len(self.chars) - len(self.stop))])

    def _stop_reached(self) -> str:
        """Return the longest stop that ends here, which may have begun in the prompt; "" for none."""
        tail = "".join(self.chars[-self._longest :])
        if len(self.chars) < self._longest:
            tail = self._start.tail + tail
        return next((stop for stop in reversed(self._stops) if tail.endswith(stop)), "")

    def _find_allowed(self) -> None:
        self._allowed = self._chars(0)
        for k in range(1, len(self._rules)):
            self._allowed &= self._chars(k)

    def _chars(self, k: int) -> Chars:
        place: Place = self._places[k]
        return self._rules[k].chars(place, self._length - len(self.chars))


def allowed(logits: FloatArray, refused: Tokens | None, temperature: float) -> Allowed | None:
    """Return what is allowed of the next tokens, None if nothing is; at temperature 0 only the likeliest."""
    masked = logits
    if refused is not None:
        masked = logits.astype(np.float64)
        masked[refused] = -np.inf
    best = int(masked.argmax())
    if masked[best] == -np.inf:
        return None
    if temperature == 0:
        p = np.zeros(len(masked))
        p[best] = 1
        return Allowed(masked, p, 0.0)
    p = weights(masked, temperature)
    if refused is None:
        return Allowed(masked, p, 0.0)
    fallen = float(masked[best] - logits.max())
    if fallen and temperature < TINY_TEMPERATURE:
        return Allowed(masked, p, -math.inf)
    shares = np.add.accumulate(p)[-1] / np.add.accumulate(weights(logits, temperature))[-1]
    return Allowed(
        masked, p, min(0.0, fallen / temperature + math.log(shares) if fallen else math.log(shares))
    )
