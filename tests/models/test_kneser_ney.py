"""The estimates of Kneser-Ney smoothing, by hand."""

import numpy as np
import pytest

from charseq.models.kneser_ney import (
    NOWHERE,
    count_different_contexts,
    discount,
    estimate_discounts,
    sequence_begins,
)


def test_discounts_are_those_of_chen_and_goodman() -> None:
    """With 8, 4, 3 and 2 counts of one, two, three and four: Y = 1/2, and D = 1/2, 7/8, 5/3."""
    counts = np.repeat([1, 2, 3, 4, 9], [8, 4, 3, 2, 1])
    assert estimate_discounts(counts) == pytest.approx((0.5, 0.875, 3 - 4 * 0.5 * 2 / 3))


@pytest.mark.parametrize(
    ("counts", "expected"),
    [([1, 1, 2], 2 / 4), ([1, 2, 3], 1 / 3), ([1, 1], 0.5), ([2, 3, 4], 0.5), ([5], 0.5), ([], 0.5)],
)
def test_discounts_fall_back(counts: list[int], expected: float) -> None:
    """Where a count of counts is missing, all three are n1 / (n1 + 2 n2), or one half where that is none."""
    assert estimate_discounts(np.array(counts, np.int64)) == pytest.approx((expected,) * 3)


def test_a_discount_is_less_than_its_count() -> None:
    """Counts of counts that would take more than there is, or nothing, fall back too."""
    counts = np.repeat([1, 2, 3, 4], [1, 1, 50, 1])
    assert estimate_discounts(counts) == pytest.approx((1 / 3,) * 3)


def test_what_is_taken() -> None:
    """Nothing from 0, D1 from 1, D2 from 2, D3+ from all others."""
    assert discount(np.array([0, 1, 2, 3, 70]), (0.1, 0.2, 0.3)).tolist() == [0, 0.1, 0.2, 0.3, 0.3]


def test_a_lower_order_counts_different_characters_before() -> None:
    """0 is met after 5, 5 and 6, which is two; 1 once at the beginning of the text, which is one more."""
    short, long = np.array([1, 0, 0, 0]), np.array([NOWHERE, 5, 5, 6])
    counts = count_different_contexts(short, long, np.zeros(4, np.bool_), 2)
    assert counts.tolist() == [2, 1]


def test_every_beginning_of_a_line_counts() -> None:
    """An n-gram that begins a line has no character before it: each occurrence counts."""
    nowhere = np.full(3, NOWHERE)
    assert count_different_contexts(np.zeros(3, int), nowhere, np.ones(3, np.bool_), 1).tolist() == [3]


def test_an_ngram_begins_a_line_where_its_first_character_does() -> None:
    """With a line from the second input on, its 2-gram ends with the second target, its 3-gram later."""
    resets = np.array([False, True, False, False])
    assert sequence_begins(resets, 4, 2).tolist() == [False, True, False, False]
    assert sequence_begins(resets, 4, 3).tolist() == [False, False, True, False]
    assert not sequence_begins(None, 4, 2).any()
