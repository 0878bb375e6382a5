"""Sets of characters, of which there may be too many to list."""

from dataclasses import dataclass
from functools import lru_cache

KEPT = 1024
"""Results that are kept for each operation, for the same sets come again and again, and may be large."""


@dataclass(frozen=True, slots=True)
class Chars:
    """The characters that are `listed`, or with `others` all that are not."""

    listed: frozenset[str]
    others: bool = False

    def __contains__(self, char: str) -> bool:
        return (char in self.listed) != self.others

    def __and__(self, two: "Chars") -> "Chars":
        return _both(self, two)

    def __or__(self, two: "Chars") -> "Chars":
        return _complement(_both(_complement(self), _complement(two)))

    def __sub__(self, two: "Chars") -> "Chars":
        return _both(self, _complement(two))


ALL = Chars(frozenset(), others=True)
NONE = Chars(frozenset())


def _complement(chars: Chars) -> Chars:
    return Chars(chars.listed, not chars.others)


@lru_cache(KEPT)
def _both(one: Chars, two: Chars) -> Chars:
    """Return the characters that are in both sets."""
    if one.others and two.others:
        return Chars(one.listed | two.listed, others=True)
    if one.others:
        return Chars(two.listed - one.listed)
    return Chars(one.listed - two.listed if two.others else one.listed & two.listed)
