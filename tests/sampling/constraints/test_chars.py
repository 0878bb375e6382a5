"""Sets of characters: their algebra is that of plain sets."""

from itertools import product

import pytest

from charseq.sampling.constraints.chars import ALL, NONE, Chars

UNIVERSE = frozenset("abcdef")
SETS = [ALL, NONE, Chars(frozenset("ab")), Chars(frozenset("bc"), others=True), Chars(frozenset("cde"))]


def plain(chars: Chars) -> frozenset[str]:
    """Return the characters of a small universe that are in a set."""
    return frozenset(char for char in UNIVERSE if char in chars)


@pytest.mark.parametrize(("one", "two"), list(product(SETS, SETS)))
def test_and_or_and_minus_are_those_of_sets(one: Chars, two: Chars) -> None:
    """Whichever of the two is listed by what it lacks."""
    assert plain(one & two) == plain(one) & plain(two)
    assert plain(one | two) == plain(one) | plain(two)
    assert plain(one - two) == plain(one) - plain(two)
