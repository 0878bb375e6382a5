"""The score of a text as sums: the numbers of characters, bytes and words, and their nats.

Sums of parts can be added, averages cannot. So averages are computed only here, at the end, from the sums.
"""

import math
from dataclasses import dataclass, fields
from typing import Any

from charseq.text.codec import Codec

HUGE = 1e5
"""Figures of at least this size are shown with three digits."""


@dataclass(frozen=True, slots=True)
class Score:
    """The score of a text under a model; the sum of two scores is that of both texts.

    `nats` is the sum of -log p of all characters. `num_top1` counts the characters that were the model's
    first guess, `num_top5` those among its first five guesses. Words are separated by white space. A number
    that was not counted is None. The averages of an empty text are nan.
    """

    num_chars: int = 0
    num_bytes: int = 0
    num_words: int | None = 0
    num_unseen: int = 0
    num_top1: int | None = 0
    num_top5: int | None = 0
    nats: float = 0.0

    def __add__(self, other: "Score") -> "Score":
        sums: Any = (_sum(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        return Score(*sums)

    @property
    def nats_per_char(self) -> float:
        """Cross-entropy in nats per character."""
        return _ratio(self.nats, self.num_chars)

    @property
    def bits_per_char(self) -> float:
        """Cross-entropy in bits per character (code point)."""
        return bits(self.nats_per_char)

    @property
    def bits_per_byte(self) -> float:
        """Cross-entropy in bits per byte of UTF-8, by which models with any tokenizers can be compared."""
        return bits(_ratio(self.nats, self.num_bytes))

    def is_worse_than_uniform(self, codec: Codec) -> bool:
        """Return whether a uniform guess, at `codec.uniform_bits` a character, costs less than the model."""
        return self.bits_per_char > codec.uniform_bits

    @property
    def perplexity(self) -> float:
        """exp(nats per character): that many equally likely characters have the same cross-entropy."""
        return exp_or_inf(self.nats_per_char)

    @property
    def word_perplexity(self) -> float | None:
        """exp(nats per word), from the nats of all characters, white space included."""
        return None if self.num_words is None else exp_or_inf(_ratio(self.nats, self.num_words))

    @property
    def accuracy(self) -> float | None:
        """The fraction of characters that were the most probable one."""
        return None if self.num_top1 is None else _ratio(self.num_top1, self.num_chars)

    @property
    def top5_accuracy(self) -> float | None:
        """The fraction of characters that were among the five most probable ones."""
        return None if self.num_top5 is None else _ratio(self.num_top5, self.num_chars)

    def __str__(self) -> str:
        unseen = f", {self.num_unseen:,} of them unseen" if self.num_unseen else ""
        nats, per_char = shown(self.nats_per_char, ".4f"), shown(self.bits_per_char, ".4f")
        per_byte, perplexity = shown(self.bits_per_byte, ".4f"), shown(self.perplexity, ".3f")
        return (
            f"{nats} nats = {per_char} bits per character, {per_byte} bits per byte, perplexity {perplexity} "
            f"({self.num_chars:,} characters{unseen})"
        )


def shown(figure: float, style: str) -> str:
    """Return a figure in the format `style`, or with three digits if it is HUGE, as after a divergence."""
    return format(figure, style if figure < HUGE else ".3g")


def bits(nats: float) -> float:
    """Return nats as bits."""
    return nats / math.log(2)


def perplexity_of(num_bits: float) -> float:
    """Return 2^num_bits, the perplexity of a cross-entropy in bits."""
    return exp_or_inf(num_bits * math.log(2))


def _sum(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a + b


def _ratio(total: float, count: int) -> float:
    return total / count if count else math.nan


def exp_or_inf(nats: float) -> float:
    """Return exp(nats), or infinity if it is too large for a float64."""
    try:
        return math.exp(nats)
    except OverflowError:
        return math.inf
