"""Plans: which one a machine and the sizes of a model call for, and how it is named."""

import pytest

from charseq.gradients.plan import MIN_PRODUCTS, MIN_STREAMS, Plan, num_cores, plan_for


@pytest.mark.parametrize(("plan", "words"), [(Plan(), "one piece"), (Plan(3), "3 shards, a core for each")])
def test_a_plan_in_words(plan: Plan, words: str) -> None:
    """A plan says in how many shards a batch is computed."""
    assert str(plan) == words


@pytest.mark.parametrize(
    ("num_weights", "num_streams", "num_steps", "cores", "expected"),
    [
        (200_000, 16, 64, 2, 2),
        (200_000, 16, 64, 1, 1),
        (200_000, 16, 64, 64, 16 // MIN_STREAMS),
        (200_000, 2 * MIN_STREAMS - 1, 64, 2, 1),
        (MIN_PRODUCTS // 1024, 16, 64, 2, 1),
        (2 * MIN_PRODUCTS // 1000, 16, 64, 8, 2),
    ],
)
def test_a_batch_is_shared_where_there_are_cores_streams_and_work(
    num_weights: int, num_streams: int, num_steps: int, cores: int, expected: int
) -> None:
    """Each core has a shard, unless that has too few streams, or less work than sharing it costs."""
    assert plan_for(num_weights, num_streams, num_steps, cores) == Plan(expected)


def test_there_is_a_core() -> None:
    """At least the core that runs the test is found."""
    assert num_cores() >= 1
