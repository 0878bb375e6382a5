"""The builders and checks that tests share: they build what they say, and the checks can fail."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import (
    Outcome,
    assert_close,
    json_rows,
    pairwise,
    random_array,
    refusal,
    refused,
    shown_perplexity,
)


@given(sizes=st.lists(st.integers(1, 5), min_size=2, max_size=5))
def test_pairwise_covers_every_pair_of_values(sizes: list[int]) -> None:
    """Each value of a factor meets each of every other factor, and no row is a repetition."""
    rows = pairwise(*(range(size) for size in sizes))
    for i, j in combinations(range(len(sizes)), 2):
        assert {(row[i], row[j]) for row in rows} == set(product(range(sizes[i]), range(sizes[j])))
    assert len(set(rows)) == len(rows)


@pytest.mark.parametrize(("sizes", "most"), [((2, 2, 2), 6), ((3, 3, 3, 3), 15), ((5, 5, 5, 5, 5), 45)])
def test_pairwise_is_much_smaller_than_the_product(sizes: tuple[int, ...], most: int) -> None:
    """The list has few more rows than the product of the two largest factors."""
    assert len(pairwise(*map(range, sizes))) <= most


def test_pairwise_of_two_factors_is_their_product() -> None:
    """Two factors have no smaller list than all of their combinations."""
    assert sorted(pairwise("ab", [1, 2, 3])) == list(product("ab", [1, 2, 3]))


def test_pairwise_of_one_factor_has_each_value() -> None:
    """A single factor gives its values one by one."""
    assert pairwise("abc") == [("a",), ("b",), ("c",)]


def test_pairwise_keeps_values_that_cannot_be_hashed() -> None:
    """Values may be lists, and equal values are different levels of their factor."""
    assert pairwise([[1], [1]], [{}]) == [([1], {}), ([1], {})]


def test_a_refusal_is_refused() -> None:
    """What `refusal` builds is what `refused` accepts, with its code and every part of the line."""
    refused(refusal("no such model", 1), "such", "model", code=1)
    refused(refusal("no such model"))


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(0, "", "charseq: error: a\n"),
        Outcome(1, "", "charseq: error: a\n"),
        Outcome(3, "", "charseq: error: a\n"),
        Outcome(2, "text", "charseq: error: a\n"),
        Outcome(2, "", "a\n"),
        Outcome(2, "", "charseq: error: a"),
        Outcome(2, "", "charseq: error: a\nb\n"),
        Outcome(2, "", "charseq: error: a\x1b[2J\n"),
        Outcome(2, "", "charseq: error: b\n"),
    ],
    ids=["success", "other", "unknown", "stdout", "prefix", "end", "two-lines", "control", "part"],
)
def test_an_outcome_that_is_no_refusal_is_found(outcome: Outcome) -> None:
    """Another code, a stdout, another line, more than a line, a control, a missing part: each is an error."""
    with pytest.raises(AssertionError):
        refused(outcome, "error: a", code=2)


def test_rows_are_those_of_a_command_with_json() -> None:
    """The command gets --format json, and what it prints is read."""
    rows = json_rows(lambda *words: Outcome(0, f'[{{"words": {len(words)}}}]', ""), "next", "hell")
    assert rows == [{"words": 4}]


@pytest.mark.parametrize("outcome", [Outcome(1, "[]", ""), Outcome(0, "[]", "a note\n")])
def test_rows_of_a_command_that_does_not_go_well_are_refused(outcome: Outcome) -> None:
    """A bad exit code, or anything on stderr, is an error."""
    with pytest.raises(AssertionError):
        json_rows(lambda *words: outcome)


@pytest.mark.parametrize(("value", "shown"), [(2.0, "2.0000"), (99_999.0, "99999.0000"), (1e5, "1e+05")])
def test_perplexities_are_shown_with_four_decimals_and_large_ones_with_three_digits(
    value: float, shown: str
) -> None:
    """Four decimals below 100,000, three digits from there on."""
    assert shown_perplexity({"perplexity": value}) == shown


def test_random_arrays_depend_on_shape_and_seed_alone() -> None:
    """The same shape and seed give the same numbers, another seed gives others."""
    np.testing.assert_array_equal(random_array(2, 3), random_array(2, 3))
    assert random_array(2, 3).shape == (2, 3)
    assert not np.any(random_array(2, 3) == random_array(2, 3, seed=1))


def test_arrays_further_apart_than_the_tolerance_are_found() -> None:
    """The tolerance is absolute: the same difference counts for large numbers and for small ones."""
    assert_close(np.array([1e6]), np.array([1e6 + 1e-6]), tolerance=1e-5)
    with pytest.raises(AssertionError, match="the name"):
        assert_close(np.array([1e6]), np.array([1e6 + 1e-4]), tolerance=1e-5, name="the name")
