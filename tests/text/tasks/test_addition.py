"""The task of addition."""

import math
import random

import pytest

from charseq.text.tasks.addition import Addition


def test_a_line_is_two_numbers_and_their_sum() -> None:
    """Numbers have no zeros in front, and up to as many digits as asked for."""
    rng = random.Random(1)
    for _ in range(300):
        a, b, total = map(int, Addition().line(3, rng).replace("=", "+").removesuffix("\n").split("+"))
        assert a + b == total
        assert max(a, b) < 1000


@pytest.mark.parametrize("digits", [1, 2])
def test_the_optimum_of_whole_lines_is_that_of_all_lines(digits: int) -> None:
    """All pairs of numbers are written down; each is equally likely."""
    lines = [f"{a}+{b}={a + b}\n" for a in range(10**digits) for b in range(10**digits)]
    assert len(set(lines)) == len(lines)
    bits = math.log2(len(lines)) * len(lines) / sum(map(len, lines))
    assert Addition().optimum(digits, "all") == pytest.approx(bits, rel=1e-12)


@pytest.mark.parametrize("counted", ["target", "last"])
def test_the_sum_is_known(counted: str) -> None:
    """A perfect model pays nothing for what follows the sign."""
    assert Addition().optimum(3, counted) == 0
