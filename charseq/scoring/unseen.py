"""The only rule for characters that a model does not know: their surprisal and their probability."""

import math
from typing import TypeVar

import numpy as np

from charseq.arrays import BoolArray, FloatArray, TokenArray
from charseq.text import UNSEEN

Numbers = TypeVar("Numbers", float, FloatArray)


class UnseenRule:
    """The escape rule: at each character, a share eps of the probability is reserved for unknown characters.

    A known character costs -log((1 - eps) p). An unknown character costs -log(eps), plus log(256) for each
    byte of its UTF-8. The probabilities of all possible texts sum to at most one, so an arithmetic coder can
    use them.
    """

    def __init__(self, escape_probability: float) -> None:
        self.eps = escape_probability
        self._known_share = 1 - escape_probability
        self._log_known_share = math.log1p(-escape_probability)

    def prices(
        self, nats: FloatArray, targets: TokenArray, num_bytes: TokenArray, begins: BoolArray | None = None
    ) -> FloatArray:
        """Return the surprisal of each of `targets` (L,) in nats, given the model's -log p in `nats` (L,).

        `num_bytes` (L,) has the UTF-8 length of the character that each target begins. -log(1 - eps) is added
        to the first token of a character. `begins` (L,) is true for these; by default every token is one.
        """
        known = self.known_nats(nats, True if begins is None else begins)
        unknown = targets == UNSEEN
        return np.where(unknown, self.unknown_nats(num_bytes), known) if unknown.any() else known

    def known_nats(self, nats: FloatArray, begins: BoolArray | bool = True) -> FloatArray:
        """Return the nats of tokens of known characters, given the model's; `begins` is as in `prices`."""
        return nats - self._log_known_share * begins

    def unknown_nats(self, num_bytes: TokenArray) -> FloatArray:
        """Return the nats of an unknown character of `num_bytes` UTF-8 bytes; infinity if eps is 0."""
        escape = math.log(self.eps) if self.eps else -math.inf
        return math.log(256) * num_bytes - escape

    def probabilities(self, probabilities: FloatArray) -> FloatArray:
        """Return the probabilities of known characters, given those of the model."""
        return self._known_share * probabilities

    def entropies(self, entropies: Numbers) -> Numbers:
        """Return the entropies in nats with the escape as a further event, given those of the model."""
        return self._known_share * entropies + self.escape_entropy

    @property
    def escape_entropy(self) -> float:
        """The entropy in nats of the event that the next character is known."""
        if not self.eps:
            return 0.0
        return -self.eps * math.log(self.eps) - self._known_share * self._log_known_share
