"""Three tokens per Hangul syllable: its lead consonant, its vowel, and its final consonant or "no final".

The syllables from U+AC00 on are numbered by ((lead * 21) + vowel) * 28 + final. The tokens of syllables come
first; every syllable can be spelled. Other characters, single jamo among them, are one token each.

Source: The Unicode Standard, section 3.12, "Conjoining Jamo Behavior".
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self

import numpy as np

from charseq.arrays import TokenArray
from charseq.text.tokenizers.char import check_counts
from charseq.text.tokenizers.tokenizer import UNSEEN, Tokenizer, good_turing, num_rare

FIRST, LEAD, VOWEL, FINAL = 0xAC00, 0x1100, 0x1161, 0x11A7
"""The code points of the first syllable, lead and vowel, and the one before the first final."""
NUM_LEADS, NUM_VOWELS, NUM_FINALS = 19, 21, 28
VOWELS, FINALS, OTHERS = NUM_LEADS, NUM_LEADS + NUM_VOWELS, NUM_LEADS + NUM_VOWELS + NUM_FINALS
"""The first token of the vowels, of the finals, and of other characters; that of the leads is 0."""
SYLLABLES = tuple(chr(FIRST + k) for k in range(NUM_LEADS * NUM_VOWELS * NUM_FINALS))
NAMES = (
    *(f"lead {chr(LEAD + k)}" for k in range(NUM_LEADS)),
    *(f"vowel {chr(VOWEL + k)}" for k in range(NUM_VOWELS)),
    "no final",
    *(f"final {chr(FINAL + k)}" for k in range(1, NUM_FINALS)),
)


def is_syllable(char: str) -> bool:
    """Return whether a character is a precomposed Hangul syllable."""
    return SYLLABLES[0] <= char <= SYLLABLES[-1]


class JamoTokenizer(Tokenizer):
    """The tokens of syllables, and the code points of `others`, which may be none; counts as for "char".

    The counts are those of the characters that are no syllables, of which some may be unseen.
    """

    name = "jamo"

    def __init__(self, others: str, *, num_once: int, num_chars: int) -> None:
        if list(others) != sorted(set(others)) or any(is_syllable(char) for char in others):
            raise ValueError("a vocabulary needs sorted characters, each once, and no syllables")
        if any("\ud800" <= char <= "\udfff" for char in others):
            raise ValueError("a vocabulary has no surrogates")
        check_counts(len(others), num_once=num_once, num_chars=num_chars)
        self.others, self.num_once, self.num_chars = others, num_once, num_chars
        self._tokens = {char: OTHERS + k for k, char in enumerate(others)}

    @classmethod
    def fit_counts(cls, counts: Mapping[str, int], *, min_count: int = 1) -> Self:
        """Take the characters that are no syllables and occur at least `min_count` times."""
        others = {char: count for char, count in counts.items() if not is_syllable(char)}
        kept = sorted(char for char, count in others.items() if count >= min_count)
        num_chars = sum(counts.values())
        return cls("".join(kept), num_once=num_rare(others, min_count), num_chars=num_chars)

    @cached_property
    def vocab(self) -> tuple[str, ...]:
        """The names of leads, vowels and finals, such as "vowel ᅡ", and the other characters."""
        return (*NAMES, *self.others)

    @cached_property
    def alphabet(self) -> tuple[str, ...]:
        """The other characters, then all syllables."""
        return (*self.others, *SYLLABLES)

    @property
    def learnt(self) -> str:
        """The other characters."""
        return self.others

    @property
    def escape_probability(self) -> float:
        """The Good-Turing estimate; only a character that is no syllable can be unseen."""
        return good_turing(self.num_once, self.num_chars)

    def spell(self, char: str) -> tuple[int, ...]:
        """Return the three tokens of a syllable, or the one token of another character."""
        if is_syllable(char):
            rest, final = divmod(ord(char) - FIRST, NUM_FINALS)
            lead, vowel = divmod(rest, NUM_VOWELS)
            return (lead, VOWELS + vowel, FINALS + final)
        return (self._tokens.get(char, UNSEEN),)

    def read(self, tokens: tuple[int, ...]) -> str | None:
        """Return the syllable of three tokens, or the character of one."""
        if tokens[0] >= OTHERS:
            return self.others[tokens[0] - OTHERS]
        if len(tokens) < 3:
            return None
        lead, vowel, final = tokens
        return SYLLABLES[(lead * NUM_VOWELS + vowel - VOWELS) * NUM_FINALS + final - FINALS]

    def continuations(self, tokens: tuple[int, ...]) -> TokenArray | None:
        """Return the leads and other characters, then the vowels, then the finals."""
        if not tokens:
            leads, others = np.arange(NUM_LEADS), np.arange(OTHERS, self.vocab_size)
            return np.concatenate([leads, others]).astype(np.int32)
        begin, end = ((VOWELS, FINALS), (FINALS, OTHERS))[len(tokens) - 1]
        return np.arange(begin, end, dtype=np.int32)

    def kind_of_part(self, token: int) -> str | None:
        """Return whether a token is a lead, a vowel or a final; None for a character that is no syllable."""
        if token >= OTHERS:
            return None
        return "Hangul " + ("lead" if token < VOWELS else "vowel" if token < FINALS else "final")

    def to_spec(self) -> dict[str, Any]:
        """Return {name, others, num_once, num_chars}."""
        spec = {"others": self.others, "num_once": self.num_once, "num_chars": self.num_chars}
        return {"name": self.name, **spec}

    @classmethod
    def from_spec(cls, spec: dict[str, Any]) -> Self:
        """Rebuild from `to_spec`."""
        others, num_once, num_chars = spec["others"], spec["num_once"], spec["num_chars"]
        if not (isinstance(others, str) and isinstance(num_once, int) and isinstance(num_chars, int)):
            raise TypeError("a vocabulary is a string with two whole numbers")
        return cls(others, num_once=num_once, num_chars=num_chars)
