"""The price of each character of a text: the one array that every report is made from."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from charseq.arrays import BoolArray, FloatArray, TokenArray
from charseq.scoring.score import Score


@dataclass(frozen=True, slots=True)
class Expectations:
    """What a model expected at each character of a text, with the rule for unseen characters applied.

    `entropies` (L,) are in nats, all unseen characters together counting as one event. `guesses` (L, K) are
    the K likeliest characters, the likeliest first, as places in the alphabet of the codec, and
    `probabilities` (L, K) theirs; where fewer characters are possible a guess is -1 and its probability 0.
    """

    entropies: FloatArray
    guesses: TokenArray
    probabilities: FloatArray

    @classmethod
    def empty(cls, num_chars: int, num_guesses: int) -> "Expectations":
        """Make room."""
        shape = (num_chars, num_guesses)
        return cls(np.empty(num_chars), np.full(shape, -1, np.int32), np.zeros(shape))

    def __getitem__(self, part: Any) -> "Expectations":
        return Expectations(self.entropies[part], self.guesses[part], self.probabilities[part])


@dataclass(frozen=True, slots=True)
class Surprisal:
    """The price of each character of a text, (L,) each.

    `nats` is -log p with the rule for unseen characters applied; `num_bytes` is the length in bytes, as
    bytes_of gives it; `unseen` marks characters that the model does not know. `ranks` has 1 for the model's
    first guess and 0 for an unseen character, `confidences` the probability of that first guess; both are
    None where guesses were not looked at. `num_words` counts the words that begin in this text, None where
    they were not counted.
    """

    nats: FloatArray
    num_bytes: TokenArray
    unseen: BoolArray
    ranks: TokenArray | None = None
    confidences: FloatArray | None = None
    num_words: int | None = None
    expected: Expectations | None = None

    @property
    def bits(self) -> FloatArray:
        """-log2 p of each character."""
        return self.nats / math.log(2)

    def additions(self) -> dict[str, Any]:
        """Return the additions of each character to a Score, (L,) by field; None where not counted."""
        ranks = self.ranks
        return {
            "num_chars": np.ones(len(self.nats), np.int64),
            "num_bytes": self.num_bytes,
            "num_unseen": self.unseen,
            "num_top1": None if ranks is None else ranks == 1,
            "num_top5": None if ranks is None else (ranks > 0) & (ranks <= 5),
            "nats": self.nats,
        }

    def score(self, *, seen_only: bool = False) -> Score:
        """Sum up; with `seen_only`, unseen characters are left out with their price."""
        sums: dict[str, Any] = {
            field: None if values is None else (values[~self.unseen] if seen_only else values).sum().item()
            for field, values in self.additions().items()
        }
        return Score(**sums, num_words=self.num_words)
