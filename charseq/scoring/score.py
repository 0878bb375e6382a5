"""One measured text as a sum: how many characters, bytes and words, and how many nats they cost.

Sums add up, averages do not: every figure is divided once, here, when it is asked for.
"""

import math
from dataclasses import dataclass, fields
from typing import Any

HUGE = 1e5
"""Figures from here on are shown with three digits."""


@dataclass(frozen=True, slots=True)
class Score:
    """The price of a text under a model; addition joins texts.

    `nats` is -log p summed over every character. `num_top1` and `num_top5` count the characters that were the
    model's first guess, or among its first five. Words are separated by white space. What was not counted is
    None. The averages of an empty text are nan.
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
        """Cross-entropy in bits per byte of UTF-8, the figure that compares across tokenizers."""
        return bits(_ratio(self.nats, self.num_bytes))

    @property
    def perplexity(self) -> float:
        """exp(nats per character): the number of equally likely characters that would surprisal as much."""
        return exp_or_inf(self.nats_per_char)

    @property
    def word_perplexity(self) -> float | None:
        """exp(nats per word): all characters, white space included, divided among the words."""
        return None if self.num_words is None else exp_or_inf(_ratio(self.nats, self.num_words))

    @property
    def accuracy(self) -> float | None:
        """Fraction of characters that were the most probable one."""
        return None if self.num_top1 is None else _ratio(self.num_top1, self.num_chars)

    @property
    def top5_accuracy(self) -> float | None:
        """Fraction of characters among the five most probable ones."""
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
    """Return a figure in the format `style`, or in three digits where it is HUGE, as after a divergence."""
    return format(figure, style if figure < HUGE else ".3g")


def bits(nats: float) -> float:
    """Return nats as bits."""
    return nats / math.log(2)


def perplexity_of(num_bits: float) -> float:
    """Return 2^bits, the perplexity of an average of so many bits."""
    return exp_or_inf(num_bits * math.log(2))


def _sum(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a + b


def _ratio(total: float, count: int) -> float:
    return total / count if count else math.nan


def exp_or_inf(nats: float) -> float:
    """Return exp(nats), or infinity where a float64 cannot hold it."""
    try:
        return math.exp(nats)
    except OverflowError:
        return math.inf
