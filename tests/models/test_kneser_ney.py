"""The estimates of Kneser-Ney smoothing, by hand."""

import numpy as np
import pytest

from charseq.models.kneser_ney import discount, estimate_discounts, index_type, narrow


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


def test_numbers_get_the_smallest_type_that_holds_them() -> None:
    """An index has a signed type where it needs 64 bits: with an int64, a uint64 would become a float."""
    assert [narrow(np.array([n])).dtype for n in (255, 256, 2**32)] == [np.uint8, np.uint16, np.uint64]
    assert narrow(np.array([3, 2**40])).tolist() == [3, 2**40]
    assert [index_type(n) for n in (255, 2**32 - 1, 2**32)] == [np.uint8, np.uint32, np.int64]
