"""The surprisal of each character of a text: the array that every report is made from."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from charseq.arrays import BoolArray, FloatArray, TokenArray
from charseq.scoring.score import Score


@dataclass(frozen=True, slots=True)
class Expectations:
    """The expectations of a model at each character of a text, with the rule for unseen characters applied.

    `entropies` (L,) are in nats and count all unseen characters as one event. `guesses` (L, K) are the K
    likeliest characters, the likeliest first, as places in the alphabet of the codec. `probabilities` (L, K)
    are theirs. If fewer than K characters are possible, the other guesses are -1 with probability 0.
    """

    entropies: FloatArray
    guesses: TokenArray
    probabilities: FloatArray

    @classmethod
    def empty(cls, num_chars: int, num_guesses: int) -> "Expectations":
        """Return expectations for `num_chars` characters, to be filled in."""
        shape = (num_chars, num_guesses)
        return cls(np.empty(num_chars), np.full(shape, -1, np.int32), np.zeros(shape))

    def __repr__(self) -> str:
        return "<Expectations: {1:,} guesses at each of {0:,} characters>".format(*self.guesses.shape)

    def __getitem__(self, part: Any) -> "Expectations":
        return Expectations(self.entropies[part], self.guesses[part], self.probabilities[part])


class Looks(NamedTuple):
    """The ranks (L,) and confidences (L,) of a Surprisal, and the expectations, if they were wanted."""

    ranks: TokenArray
    confidences: FloatArray
    expected: Expectations | None


@dataclass(frozen=True, slots=True)
class Surprisal:
    """The surprisal of each character of a text; all arrays are (L,).

    `nats` is -log p with the rule for unseen characters applied; `num_bytes` is the length in bytes, by
    bytes_of; `unseen` is true for characters that the model does not know. `ranks` is the rank of the
    character, 1 for the model's first guess and 0 for an unseen character; `confidences` is the probability
    of the first guess. Both are None if ranks were left out. `num_words` is the number of words that begin in
    this text, None if they were not counted. `static_nats` are those of an adaptive model if it had not
    learnt from the text. `counted` (L,) is true for the characters that count, None if all do; those that do
    not have 0 nats. `foreseen` (L,) are the nats that the model expected: the entropy before the character,
    or the sum of those before its tokens, whose mean is the same; None if they were left out.
    """

    nats: FloatArray
    num_bytes: TokenArray
    unseen: BoolArray
    ranks: TokenArray | None = None
    confidences: FloatArray | None = None
    num_words: int | None = None
    expected: Expectations | None = None
    static_nats: FloatArray | None = None
    counted: BoolArray | None = None
    foreseen: FloatArray | None = None

    def __repr__(self) -> str:
        return f"<Surprisal: {self.score()}>"

    @property
    def bits(self) -> FloatArray:
        """-log2 p of each character, (L,)."""
        return self.nats / math.log(2)

    @property
    def entropies(self) -> FloatArray:
        """The entropy before each character in nats, (L,); 0 if it does not count, nan without guesses."""
        if self.expected is None:
            return np.full(len(self.nats), math.nan)
        found = self.expected.entropies
        return found if self.counted is None else np.where(self.counted, found, 0.0)

    @property
    def foreseen_nats(self) -> FloatArray:
        """The nats that the model expected at each character, (L,); 0 where it does not count."""
        found = self.entropies if self.foreseen is None else self.foreseen
        return found if self.counted is None else np.where(self.counted, found, 0.0)

    def additions(self) -> dict[str, Any]:
        """Return the share of each character in a Score: (L,) by field, None for a field not counted."""
        found = {field: shares(self) for field, shares in ADDITIONS.items()}
        if self.counted is None:
            return found
        return {field: None if values is None else values * self.counted for field, values in found.items()}

    def only(self, counted: BoolArray) -> "Surprisal":
        """Return the surprisal with only these characters counted; words, which would be cut, are not."""
        return replace(self, nats=np.where(counted, self.nats, 0.0), counted=counted, num_words=None)

    def score(self, *, seen_only: bool = False) -> Score:
        """Return the sum over all characters; with `seen_only`, over those that are not unseen."""
        sums: dict[str, Any] = {
            field: None if values is None else (values[~self.unseen] if seen_only else values).sum().item()
            for field, values in self.additions().items()
        }
        return Score(**sums, num_words=self.num_words)


def _are_ranked(surprisal: Surprisal, worst: int) -> BoolArray | None:
    """Return where the character was among the first guesses, up to the `worst` rank; None without ranks."""
    ranks = surprisal.ranks
    return None if ranks is None else (ranks > 0) & (ranks <= worst)


LAST_COUNTED = 5
"""The last rank that a Score counts."""
ADDITIONS: Mapping[str, Callable[[Surprisal], Any]] = {
    "num_chars": lambda surprisal: np.ones(len(surprisal.nats), np.int64),
    "num_bytes": lambda surprisal: surprisal.num_bytes,
    "num_unseen": lambda surprisal: surprisal.unseen,
    "num_top1": lambda surprisal: _are_ranked(surprisal, 1),
    "num_top5": lambda surprisal: _are_ranked(surprisal, LAST_COUNTED),
    "nats": lambda surprisal: surprisal.nats,
}
"""The fields of a Score that characters add to, each with the share of every character."""
