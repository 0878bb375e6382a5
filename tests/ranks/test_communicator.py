"""The contract of a communicator, for ranks that are threads; tests/ranks/test_mpi.py runs it with MPI."""

from typing import Any

import numpy as np
import pytest

from charseq.ranks import Communicator, Message, World
from tests.ranks.threads import Aborted, on_ranks


def check_contract(communicator: Communicator) -> None:
    """Exchange arrays and objects in every way, at every rank; raise AssertionError for a wrong one."""
    rank, size, others = communicator.rank, communicator.size, communicator.others
    assert others == [other for other in range(size) if other != rank]
    first, second = np.full(3, rank, np.float32), np.array([[rank], [10 * rank]])
    found = {other: (np.empty(3, np.float32), np.empty((2, 1), int)) for other in others}
    communicator.exchange(
        [Message(other, part) for other in others for part in (first, second)],
        [Message(other, part) for other in others for part in found[other]],
    )
    for other, (one, two) in found.items():
        assert one.tolist() == [other] * 3
        assert two.tolist() == [[other], [10 * other]]
    communicator.exchange([], [])
    assert communicator.share({"of": rank}) == {"of": 0}
    assert communicator.share(None) is None
    things: list[Any] = communicator.gather((rank, np.arange(5 * rank)))
    assert [number for number, _ in things] == ([] if rank else list(range(size)))
    assert [len(array) for _, array in things] == ([] if rank else [5 * other for other in range(size)])


@pytest.mark.parametrize("size", [2, 3, 5])
def test_ranks_exchange_arrays_and_objects(size: int) -> None:
    """Arrays arrive in their order; an object of rank 0 reaches all, and those of all reach rank 0."""
    on_ranks(size, lambda world: check_contract(world.communicator))


def test_an_object_may_be_larger_than_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects of different sizes arrive in as many messages as each of them needs."""
    monkeypatch.setattr("charseq.ranks.communicator.CHUNK_BYTES", 1000)
    sizes = [5, 10_000, 3_000]

    def work(world: World) -> list[int]:
        thing = bytes(sizes[world.rank])
        assert world.communicator.share(thing) == bytes(5)
        return [len(one) for one in world.communicator.gather(thing)]

    assert on_ranks(3, work) == [sizes, [], []]


def test_aborting_ends_all_ranks() -> None:
    """A rank that waits for another one ends when a third aborts."""

    def work(world: World) -> None:
        if world.rank == 2:
            world.communicator.abort(3)
        world.communicator.share()

    with pytest.raises(Aborted):
        on_ranks(3, work)
