"""The worst groups: those that sorting all of them finds, and what is left summed up."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.analysis.ranking import SORTS, Group, Worst
from charseq.scoring.score import Score

each_sort = pytest.mark.parametrize("sort", SORTS)
costs = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 4).map(float), st.integers(1, 3)), max_size=20)


def group(name: str | None, num_chars: int, nats: float, count: int = 1) -> Group:
    return Group(name, count, Score(num_chars=num_chars, num_bytes=2 * num_chars, nats=nats))


def worst_of(sort: str, num: int, *groups: Group) -> list[Group]:
    worst = Worst(sort, num)
    for one in groups:
        worst.add(one)
    return worst.groups


def plain_worst(sort: str, num: int, groups: list[Group]) -> list[Group]:
    """Return the `num` highest of all, sorted at once, and the others as one group."""

    def height(one: Group) -> float:
        return one.score.nats / (one.score.num_chars if sort == "mean" else 1)

    ranked = sorted((one for one in groups if one.name is not None), key=height, reverse=True)
    num = num or len(ranked)
    rest = [*ranked[num:], *(one for one in groups if one.name is None)]
    joined = Group(None, sum(one.count for one in rest), sum((one.score for one in rest), Score()))
    return ranked[:num] + [joined] * bool(rest)


@each_sort
@settings(deadline=None)
@given(costs=costs, nameless=st.sets(st.integers(0, 19), max_size=3), num=st.integers(0, 6))
def test_worst_equal_the_plain_twin(
    sort: str, costs: list[tuple[int, float, int]], nameless: set[int], num: int
) -> None:
    """The highest are kept, the highest first, of equals those that came first; the rest is one group."""
    groups = [group(None if k in nameless else f"{k}", *cost) for k, cost in enumerate(costs)]
    assert worst_of(sort, num, *groups) == plain_worst(sort, num, groups)


@each_sort
@given(costs=costs, num=st.integers(0, 6))
def test_nothing_is_lost(sort: str, costs: list[tuple[int, float, int]], num: int) -> None:
    """What is kept and the rest add up to all there was."""
    groups = [group(f"{k}", *cost) for k, cost in enumerate(costs)]
    kept = worst_of(sort, num, *groups)
    assert sum(one.count for one in kept) == sum(one.count for one in groups)
    assert sum((one.score for one in kept), Score()) == sum((one.score for one in groups), Score())


def test_total_and_mean_differ() -> None:
    """A long cheap group is the highest by total, a short dear one by mean."""
    long, short = group("long", 10, 20.0), group("short", 1, 5.0)
    assert worst_of("total", 0, short, long) == [long, short]
    assert worst_of("mean", 0, long, short) == [short, long]


@each_sort
def test_of_equals_the_first(sort: str) -> None:
    """Where all cost the same, the first ones stay, in their order."""
    names = [one.name for one in worst_of(sort, 2, *(group(name, 1, 1.0) for name in "abcd"))]
    assert names == ["a", "b", None]


@each_sort
def test_zero_keeps_all(sort: str) -> None:
    """With 0 nothing is put to the rest."""
    names = [one.name for one in worst_of(sort, 0, *(group(f"{k}", 1, float(k)) for k in range(50)))]
    assert names == [f"{k}" for k in reversed(range(50))]


@each_sort
def test_no_rest_without_need(sort: str) -> None:
    """Where as many are kept as there are, there is no rest."""
    assert [one.name for one in worst_of(sort, 2, group("a", 1, 1.0), group("b", 1, 2.0))] == ["b", "a"]


@each_sort
def test_what_has_no_name_is_rest(sort: str) -> None:
    """What is left of other groups is never among the worst, however much it cost."""
    kept = worst_of(sort, 1, group(None, 1, 100.0, count=7), group("a", 1, 1.0), group("b", 1, 2.0))
    assert [(one.name, one.count) for one in kept] == [("b", 1), (None, 8)]


def test_places_are_kept() -> None:
    """A group that is found at one place still says where, the rest does not."""
    line = Group("a line", 1, Score(num_chars=6, nats=3.0), "a.txt", 17)
    assert worst_of("total", 1, line, Group("b", 1, Score(), "b.txt", 3)) == [line, Group(None, 1, Score())]


def test_looking_changes_nothing() -> None:
    """The groups can be asked for in between."""
    worst = Worst("total", 2)
    for k in (3, 1, 2):
        worst.add(group(f"{k}", 1, float(k)))
        assert worst.groups == worst.groups
    assert [one.name for one in worst.groups] == ["3", "2", None]


@each_sort
@pytest.mark.parametrize("place", range(4))
def test_a_group_of_nothing_is_the_lowest(sort: str, place: int) -> None:
    """A group without a character, as an empty file is, ranks below all others, wherever it comes."""
    groups = [group("3", 1, 3.0), group("1", 1, 1.0), group("2", 1, 2.0)]
    groups.insert(place, group("none", 0, 0.0))
    assert math.isnan(groups[place].score.nats_per_char)
    assert [one.name for one in worst_of(sort, 2, *groups)] == ["3", "2", None]
    assert [one.name for one in worst_of(sort, 0, *groups)] == ["3", "2", "1", "none"]
