"""The world of ranks: sums in their order, and what rank 0 decides for all."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.arrays import even_slices
from charseq.ranks import World
from tests.ranks.threads import on_ranks


@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("length", [1, 7, 1000])
def test_sums_are_made_in_the_order_of_ranks(size: int, length: int) -> None:
    """Every rank gets ((v0 + v1) + v2) + ..., to the last bit, and the number of every rank."""
    vectors = np.random.default_rng(0).normal(size=(size, length)).astype(np.float32)
    expected = vectors[0].copy()
    for vector in vectors[1:]:
        expected = expected + vector

    def work(world: World) -> tuple[list[float], NDArray[np.float32]]:
        vector = vectors[world.rank].copy()
        return world.sum_(10.0 * world.rank, vector, world.room_for(vector)), vector

    for numbers, total in on_ranks(size, work):
        assert numbers == [10.0 * rank for rank in range(size)]
        np.testing.assert_array_equal(total, expected)


def test_another_order_would_give_other_bits() -> None:
    """The sum of three numbers depends on their order, so the test above tells orders apart."""
    vectors = np.random.default_rng(0).normal(size=(3, 1000)).astype(np.float32)
    assert ((vectors[0] + vectors[1]) + vectors[2] != (vectors[2] + vectors[1]) + vectors[0]).any()


def test_rows_of_other_ranks_are_filled_in() -> None:
    """Each rank has some rows of a table, and then all have the whole table."""
    whole, rows = np.arange(14.0).reshape(7, 2), even_slices(7, 3)

    def work(world: World) -> NDArray[np.float64]:
        table = np.zeros_like(whole)
        table[rows[world.rank]] = whole[rows[world.rank]]
        world.complete_(table, rows)
        return table

    for table in on_ranks(3, work):
        np.testing.assert_array_equal(table, whole)


def test_time_is_that_of_rank_0_at_the_last_exchange() -> None:
    """Between exchanges the clock stands still, and then it is the same at every rank."""
    ticks = itertools.count(1)

    def work(world: World) -> list[float]:
        seen = [world.clock()]
        world.share()
        seen += [world.clock(), world.clock()]
        world.swap(0.0)
        return [*seen, world.clock()]

    first, *others = on_ranks(3, work, clock=lambda: float(next(ticks)))
    assert first[0] == 0.0
    assert first[0] < first[1] == first[2] < first[3]
    assert others == [first, first]


@pytest.mark.parametrize("hearer", [0, 2])
def test_a_signal_that_one_rank_hears_is_for_all(hearer: int) -> None:
    """After the exchange all know it, and before it none does, not even the rank that has heard it."""

    def work(world: World) -> list[int]:
        world.heard = lambda: 15 if world.rank == hearer else 0
        before = world.signal()
        world.swap(0.0)
        after = world.signal()
        world.heard = lambda: 0
        world.swap(0.0)
        return [before, after, world.signal()]

    assert on_ranks(3, work) == [[0, 15, 15]] * 3


def test_a_number_of_rank_0_is_for_all() -> None:
    """Each rank has a number of its own, and all get the first one, to the last bit."""
    assert on_ranks(3, lambda world: world.first(0.1 + world.rank)) == [0.1] * 3
