"""The n-grams of one order."""

import numpy as np

from charseq.models.kneser_ney import NOWHERE
from charseq.models.ngram_level import Level

LEVEL = Level.of(np.array([1, 2, 7]), np.array([3, 1, 2]), 3, 5)


def test_the_shares_of_a_context_and_what_is_freed_sum_to_one() -> None:
    """Contexts 0 and 1 were seen, context 2 was not."""
    assert LEVEL.met.tolist() == [True, True, False]
    for context in (0, 1):
        begin, end = LEVEL.begins[context : context + 2]
        np.testing.assert_allclose(LEVEL.shares[begin:end].sum() + LEVEL.gammas[context], 1)
    assert LEVEL.gammas[2] == 1


def test_a_key_is_found_at_its_index() -> None:
    """One that does not occur is nowhere, also where nothing occurs."""
    assert LEVEL.find(np.array([7, 0, 1])).tolist() == [2, NOWHERE, 0]
    empty = Level.of(np.empty(0, np.int64), np.empty(0, np.int64), 1, 5)
    assert empty.find(np.array([1])).tolist() == [NOWHERE]
