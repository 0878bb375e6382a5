"""What a tokenizer is, and what a character costs that its vocabulary lacks. Next room: `characters.py`."""

import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from charseq.arrays import FloatArray, TokenArray

UNSEEN = -1
"""The token of a character that training never met; as an input it is the zero vector."""


class Tokenizer(ABC):
    """Text to tokens in [0, vocab_size) and back.

    `escape_probability` is the mass eps that scoring sets aside for unseen characters: a seen one costs
    -log((1 - eps) p), an unseen one -log(eps) + log(256) for each byte of its UTF-8. All possible texts
    together still have probability one, so no figure is flattered. The estimate is Good and Turing's, from
    the training text: eps = (characters that occur once, at least 1) / (number of characters + 1).
    Source: Good 1953, «The population frequencies of species and the estimation of population parameters».
    """

    name: ClassVar[str]

    @classmethod
    def fit(cls, text: str) -> Self:
        """Make the vocabulary of `text`, the training part of a corpus."""
        return cls.fit_counts(Counter(text))

    @classmethod
    @abstractmethod
    def fit_counts(cls, counts: Mapping[str, int]) -> Self:
        """Make the vocabulary of a text in which each character occurs so often, at least once."""

    @property
    @abstractmethod
    def vocab(self) -> tuple[str, ...]:
        """The text of each token, in the order of their numbers."""

    @property
    @abstractmethod
    def escape_probability(self) -> float:
        """eps, more than 0 and less than 1: the mass that scoring sets aside for unseen characters."""

    @abstractmethod
    def encode(self, text: str) -> TokenArray:
        """Return the tokens of `text`, UNSEEN where the vocabulary lacks a character."""

    @abstractmethod
    def to_spec(self) -> dict[str, Any]:
        """Return what `from_spec` needs, as JSON values, `name` among them."""

    @classmethod
    @abstractmethod
    def from_spec(cls, spec: dict[str, Any]) -> "Tokenizer":
        """Rebuild a tokenizer. Raises ValueError, TypeError or KeyError when the spec is not one."""

    @property
    def vocab_size(self) -> int:
        """V, the number of tokens."""
        return len(self.vocab)

    def decode(self, tokens: TokenArray | list[int]) -> str:
        """Return the text of `tokens`, none of them UNSEEN."""
        return "".join(self.vocab[token] for token in tokens)

    def charge_escape(self, nats: FloatArray, tokens: TokenArray, num_bytes: TokenArray) -> FloatArray:
        """Return the full price in nats of each of `tokens`, given the network's `nats` for seen ones."""
        seen = nats - math.log1p(-self.escape_probability)
        return np.where(tokens == UNSEEN, self.unseen_nats(num_bytes), seen)

    def entropy_with_escape(self, entropies: FloatArray) -> FloatArray:
        """Return the entropies in nats with the escape as one more event, given those of the network."""
        eps = self.escape_probability
        of_escape = -eps * math.log(eps) - (1 - eps) * math.log1p(-eps)
        return (1 - eps) * entropies + of_escape

    def unseen_nats(self, num_bytes: TokenArray) -> FloatArray:
        """Return what an unseen character of so many UTF-8 bytes costs."""
        return math.log(256) * num_bytes - math.log(self.escape_probability)


def bytes_per_char(text: str) -> TokenArray:
    """Return the UTF-8 length of each character of `text`."""
    codes = code_points(text)
    return 1 + (codes >= 0x80) + (codes >= 0x800) + (codes >= 0x10000)


def code_points(text: str) -> "np.ndarray[Any, np.dtype[np.uint32]]":
    """Return the Unicode code points of `text`; lone surrogates, as in a broken argument, pass."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
