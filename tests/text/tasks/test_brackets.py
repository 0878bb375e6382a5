"""The task of brackets."""

import math
import random

import pytest

from charseq.text.tasks.brackets import Brackets

CLOSING = dict(zip("([{<", ")]}>", strict=True))


def depths(line: str) -> list[int]:
    """Return how many brackets are open after each character; fail if one is closed that is not the last."""
    stack, found = list[str](), list[int]()
    for char in line:
        if char in CLOSING:
            stack.append(CLOSING[char])
        else:
            assert stack.pop() == char
        found.append(len(stack))
    return found


def enumerated(depth: int, num_steps: int) -> float:
    """Return the bits per character of lines of up to so many characters, by following all ways at once.

    `reached` has the probability of each number of open brackets; longer lines have next to no probability.
    """
    bits, chars, reached = 0.0, 0.0, {0: 1.0}
    for step in range(num_steps):
        following = dict.fromkeys(range(depth + 1), 0.0)
        for opened, p in reached.items():
            chars += p
            if opened == 0:
                stays = 1.0 if step == 0 else 0.5
                moves = {+1: stays}
            else:
                moves = {-1: 1.0} if opened == depth else {+1: 0.5, -1: 0.5}
            for move, share in moves.items():
                cost = -math.log2(share) + (2 if move > 0 else 0)
                bits += p * share * cost
                following[opened + move] += p * share
            if opened == 0 and step:
                bits += p * 0.5  # the end of the line costs one bit, with probability 1/2
        reached = following
    return bits / chars


@pytest.mark.parametrize("depth", [1, 2, 4, 7])
def test_the_optimum_is_what_all_lines_cost_together(depth: int) -> None:
    """The bits and the characters of all lines are summed up by their probabilities."""
    assert Brackets().optimum(depth, "all") == pytest.approx(enumerated(depth, 400 * depth), rel=1e-9)


def test_lines_are_balanced_and_as_deep_as_allowed() -> None:
    """Each line opens a bracket, and closes all in the right order."""
    rng = random.Random(1)
    lines = [Brackets().line(3, rng) for _ in range(300)]
    reached = [depths(line.removesuffix("\n")) for line in lines]
    assert all(
        line.endswith("\n") and found and found[-1] == 0 for line, found in zip(lines, reached, strict=True)
    )
    assert max(map(max, reached)) == 3
    assert set("".join(lines)) == set("()[]{}<>\n")


def test_lines_have_the_length_of_the_derivation() -> None:
    """4 D + 1 characters on average: here 9, within five standard errors."""
    rng = random.Random(3)
    lengths = [len(Brackets().line(2, rng)) for _ in range(4000)]
    mean = sum(lengths) / len(lengths)
    error = (sum((length - mean) ** 2 for length in lengths) / len(lengths) ** 2) ** 0.5
    assert abs(mean - 9) < 5 * error


def test_nothing_is_said_about_other_choices() -> None:
    """The last bracket of a line may cost something: the line could have gone on."""
    assert Brackets().optimum(3, "last") is None
