"""The n-grams of one order."""

import numpy as np
import pytest

from charseq.models import ngram_level
from charseq.models.kneser_ney import NOWHERE
from charseq.models.ngram_level import Level

LEVEL = Level.of(np.array([1, 2, 7]), np.array([3, 1, 2]), 3, 5)


def test_the_shares_of_a_context_and_what_is_freed_sum_to_one() -> None:
    """Contexts 0 and 1 were seen, context 2 was not."""
    assert LEVEL.met(np.arange(3)).tolist() == [True, True, False]
    for context in (0, 1):
        begin, end = LEVEL.begins[context : context + 2]
        np.testing.assert_allclose(LEVEL.shares[begin:end].sum() + LEVEL.gammas[context], 1)
    assert LEVEL.gammas[2] == 1


def test_a_key_is_found_at_its_index() -> None:
    """One that does not occur is nowhere, also where nothing occurs."""
    assert LEVEL.find(np.array([7, 0, 1])).tolist() == [2, NOWHERE, 0]
    empty = Level.of(np.empty(0, np.int64), np.empty(0, np.int64), 1, 5)
    assert empty.find(np.array([1])).tolist() == [NOWHERE]


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_a_level_made_in_parts_has_the_same_bits(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many k-grams are worked on together, the sums of a context are made in one piece."""
    rng = np.random.default_rng(0)
    keys = np.flatnonzero(rng.random(60) < 0.4)  # contexts without any k-gram among them
    counts = rng.integers(1, 5, len(keys))
    whole = Level.of(keys, counts, 12, 5)
    monkeypatch.setattr(ngram_level, "AT_ONCE", at_once)
    parts = Level.of(keys, counts, 12, 5)
    for name in ("keys", "counts", "chars", "shares", "begins", "gammas"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name), err_msg=name)
