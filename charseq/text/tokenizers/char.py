"""One token per Unicode code point of the training text, sorted; no normalising, folding or stripping."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from charseq.arrays import TokenArray
from charseq.text.tokenizers.tokenizer import (
    UNSEEN,
    Alignment,
    Tokenizer,
    code_points,
    good_turing,
    num_rare,
)


class CharTokenizer(Tokenizer):
    """The code points of `vocab`, and two counts of the training text for the escape probability.

    `num_once` is how often characters occur that occur once or were left out as too rare; see `num_rare`.
    """

    name = "char"
    one_token_each = True
    any_sequence = True

    def __init__(self, vocab: str, *, num_once: int, num_chars: int) -> None:
        if not vocab or list(vocab) != sorted(set(vocab)):
            raise ValueError("a vocabulary needs sorted characters, each once")
        if any("\ud800" <= char <= "\udfff" for char in vocab):
            raise ValueError("a vocabulary has no surrogates")
        check_counts(len(vocab), num_once=num_once, num_chars=num_chars)
        self._vocab = tuple(vocab)
        self._codes = code_points(vocab)
        self.num_once, self.num_chars = num_once, num_chars

    @classmethod
    def fit_counts(cls, counts: Mapping[str, int], *, min_count: int = 1) -> Self:
        """Make the vocabulary of the characters that occur at least `min_count` times."""
        vocab = sorted(char for char, count in counts.items() if count >= min_count)
        num_once, num_chars = num_rare(counts, min_count), sum(counts.values())
        return cls("".join(vocab), num_once=num_once, num_chars=num_chars)

    @property
    def vocab(self) -> tuple[str, ...]:
        """The characters in order of code point."""
        return self._vocab

    @property
    def escape_probability(self) -> float:
        """The Good-Turing estimate from the training text; see `good_turing`."""
        return good_turing(self.num_once, self.num_chars)

    @property
    def alphabet(self) -> tuple[str, ...]:
        """The characters of the vocabulary."""
        return self._vocab

    def spell(self, char: str) -> tuple[int, ...]:
        """Return the one token of a character."""
        return (int(self.encode(char)[0]),)

    def read(self, tokens: tuple[int, ...]) -> str | None:
        """Return the character of a token."""
        return self._vocab[tokens[0]]

    def continuations(self, tokens: tuple[int, ...]) -> TokenArray | None:
        """Return None: any token may be the next character."""
        return None

    def align(self, text: str) -> Alignment:
        """Return a token for each character."""
        return Alignment(self.encode(text), None)

    def encode(self, text: str) -> TokenArray:
        """Return one token per character, UNSEEN for a character that is not in the vocabulary."""
        codes = code_points(text)
        places = np.searchsorted(self._codes, codes).astype(np.int32)
        np.minimum(places, len(self._codes) - 1, out=places)
        places[self._codes[places] != codes] = UNSEEN
        return places

    def to_spec(self) -> dict[str, Any]:
        """Return {name, vocab, num_once, num_chars}."""
        spec = {"vocab": "".join(self._vocab), "num_once": self.num_once, "num_chars": self.num_chars}
        return {"name": self.name, **spec}

    @classmethod
    def from_spec(cls, spec: dict[str, Any]) -> Self:
        """Rebuild from `to_spec`."""
        vocab, num_once, num_chars = spec["vocab"], spec["num_once"], spec["num_chars"]
        if not (isinstance(vocab, str) and isinstance(num_once, int) and isinstance(num_chars, int)):
            raise TypeError("a vocabulary is a string with two whole numbers")
        return cls(vocab, num_once=num_once, num_chars=num_chars)


def check_counts(num_different: int, *, num_once: int, num_chars: int) -> None:
    """Raise ValueError unless a text can have these counts, with `num_different` frequent characters.

    Each character that occurs once is one of these, unless those that occur fewer than 2 times or more were
    left out; then each of these occurs twice or more often.
    """
    all_kept = num_once <= num_different <= num_chars
    some_left_out = num_once + 2 * num_different <= num_chars
    if not (num_once >= 0 and num_chars < 2**63 and (all_kept or some_left_out)):
        raise ValueError("a vocabulary needs the counts of its training text")
