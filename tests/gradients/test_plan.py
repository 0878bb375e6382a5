"""Plans: which ones are worth a trial on a machine, and how they are named."""

import itertools

import pytest

from charseq.gradients.plan import Plan, num_cores, plans


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (Plan(), "one piece"),
        (Plan(1, 4), "one piece, 4 cores for each product"),
        (Plan(3), "3 shards, a core for each"),
    ],
)
def test_a_plan_in_words(plan: Plan, words: str) -> None:
    """A plan says in how many shards a batch is computed, and on how many cores a product."""
    assert str(plan) == words


def test_plans_fit_the_machine() -> None:
    """One core has one plan; a shard has two streams at least; no plan wants more cores than there are."""
    assert plans(1, 64) == [Plan()]
    assert plans(2, 16) == [Plan(), Plan(1, 2), Plan(2)]
    assert plans(8, 3) == [Plan(), Plan(1, 8)]
    for cores, streams in itertools.product((2, 4, 10, 64), (4, 16, 64)):
        tried = plans(cores, streams)
        assert len(set(tried)) == len(tried) <= 5
        assert all(2 * plan.num_shards <= max(2, streams) for plan in tried)
        assert all(plan.num_shards * plan.blas_threads <= cores for plan in tried)


def test_there_is_a_core() -> None:
    """At least the core that runs the test is found."""
    assert num_cores() >= 1
