"""A toy tokenizer that makes two tokens of every character: all that a new tokenizer takes, in one file.

The characters of the training text are sorted and written in rows of eight. A character is its row, then its
place in the row: "row 2", "place 5". It shows that nothing takes a character for one token.
"""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from charseq.arrays import TokenArray
from charseq.text.tokenizers.char import check_counts
from charseq.text.tokenizers.tokenizer import UNSEEN, Tokenizer, good_turing, num_rare

WIDTH = 8
"""Characters in a row; the last row may have fewer."""


class PairTokenizer(Tokenizer):
    """The characters of `alphabet`, with the two counts of the training text that price the unseen ones."""

    name = "pair"

    def __init__(self, alphabet: str, *, num_once: int, num_chars: int) -> None:
        if not alphabet or list(alphabet) != sorted(set(alphabet)):
            raise ValueError("an alphabet needs sorted characters, each once")
        check_counts(len(alphabet), num_once=num_once, num_chars=num_chars)
        self._alphabet, self.num_once, self.num_chars = tuple(alphabet), num_once, num_chars
        self._num_rows = -(-len(alphabet) // WIDTH)
        self._tokens = {
            char: (k // WIDTH, self._num_rows + k % WIDTH) for k, char in enumerate(self._alphabet)
        }
        self._chars = {tokens: char for char, tokens in self._tokens.items()}

    @classmethod
    def fit_counts(cls, counts: Mapping[str, int], *, min_count: int = 1) -> Self:
        """Make the alphabet of the characters that occur at least `min_count` times."""
        alphabet = sorted(char for char, count in counts.items() if count >= min_count)
        num_once, num_chars = num_rare(counts, min_count), sum(counts.values())
        return cls("".join(alphabet), num_once=num_once, num_chars=num_chars)

    @property
    def vocab(self) -> tuple[str, ...]:
        """The rows, then the places in a row."""
        rows = [f"row {k}" for k in range(self._num_rows)]
        return (*rows, *(f"place {k}" for k in range(min(WIDTH, len(self._alphabet)))))

    @property
    def alphabet(self) -> tuple[str, ...]:
        """The characters in order of code point."""
        return self._alphabet

    @property
    def escape_probability(self) -> float:
        """The estimate of Good and Turing, from the training text."""
        return good_turing(self.num_once, self.num_chars)

    def spell(self, char: str) -> tuple[int, ...]:
        """Return the row and the place of a character."""
        return self._tokens.get(char, (UNSEEN,))

    def read(self, tokens: tuple[int, ...]) -> str | None:
        """Return the character in a place of a row. Raises KeyError where there is none."""
        return None if len(tokens) == 1 and 0 <= tokens[0] < self._num_rows else self._chars[tokens]

    def continuations(self, tokens: tuple[int, ...]) -> TokenArray | None:
        """Return all rows, or the places of a row."""
        if not tokens:
            return np.arange(self._num_rows, dtype=np.int32)
        num_places = min(WIDTH, len(self._alphabet) - WIDTH * tokens[0])
        return np.arange(self._num_rows, self._num_rows + num_places, dtype=np.int32)

    def to_spec(self) -> dict[str, Any]:
        """Return {name, alphabet, num_once, num_chars}."""
        spec = {"alphabet": "".join(self._alphabet), "num_once": self.num_once, "num_chars": self.num_chars}
        return {"name": self.name, **spec}

    @classmethod
    def from_spec(cls, spec: dict[str, Any]) -> "PairTokenizer":
        """Rebuild from `to_spec`."""
        return cls(spec["alphabet"], num_once=spec["num_once"], num_chars=spec["num_chars"])
