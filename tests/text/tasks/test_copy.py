"""The copy task."""

import math
import random
from collections import Counter

import pytest

from charseq.text.tasks.copy import Copy


def test_a_line_is_a_marker_the_dots_and_the_marker_again() -> None:
    """There are as many dots as the lag says."""
    rng = random.Random(1)
    lines = [Copy().line(3, rng) for _ in range(200)]
    assert {line[0] for line in lines} == set("abcdefgh")
    assert all(line == f"{line[0]}...{line[0]}\n" for line in lines)


def test_a_lag_of_20_costs_three_bits_in_23_characters() -> None:
    """The figure of the lecture."""
    assert Copy().optimum(20, "all") == pytest.approx(0.1304, abs=5e-5)


@pytest.mark.parametrize("lag", [1, 4, 17])
def test_the_optimum_is_the_entropy_of_the_lines(lag: int) -> None:
    """All eight lines are counted, as often as each is drawn."""
    lines = [f"{marker}{'.' * lag}{marker}\n" for marker in "abcdefgh"]
    entropy = -sum(1 / 8 * math.log2(1 / 8) for _ in lines)
    assert Copy().optimum(lag, "all") == pytest.approx(entropy / len(lines[0]), rel=1e-12)


def test_the_last_marker_is_known() -> None:
    """Each beginning has one end only."""
    rng = random.Random(2)
    ends = Counter((line[:-2], line[-2:]) for line in (Copy().line(5, rng) for _ in range(300)))
    assert len(ends) == 8
    assert Copy().optimum(5, "last") == 0


def test_nothing_is_said_about_other_choices() -> None:
    """Targets are no part of the task."""
    assert Copy().optimum(5, "target") is None
