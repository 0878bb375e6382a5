"""The contract of a communicator: what ranks can tell each other."""

import pickle
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

CHUNK_BYTES = 1 << 26
"""The most bytes of an object in one message; an MPI library counts no more than 2^31 at a time."""


class Message(NamedTuple):
    """An array in contiguous memory, and the rank that it goes to or comes from."""

    rank: int
    array: NDArray[Any]


class Communicator(ABC):
    """Connects the ranks 0 to `size` - 1; `rank` is the number of this process.

    All ranks call the same methods in the same order. None of them adds numbers: whoever wants the same bits
    with any library adds the numbers itself, in the order of ranks.
    """

    rank: int
    size: int

    @property
    def others(self) -> list[int]:
        """The numbers of all other ranks, in order."""
        return [rank for rank in range(self.size) if rank != self.rank]

    @abstractmethod
    def exchange(self, sent: Sequence[Message], received: Sequence[Message]) -> None:
        """Send arrays to other ranks and fill those `received`; return when all of that is done.

        Arrays from one rank arrive in the order in which that rank sends them. No array is both sent and
        received. A long wait takes little processor time.
        """

    @abstractmethod
    def abort(self, code: int) -> NoReturn:
        """End the processes of all ranks at once, with this exit code, if the system can do that."""

    def share(self, thing: Any = None) -> Any:
        """Return the `thing` of rank 0, any object that can be pickled, at every rank."""
        if self.rank == 0:
            self._send_all(pickle.dumps(thing), self.others)
            return thing
        return pickle.loads(self._receive_all([0])[0])

    def gather(self, thing: Any) -> list[Any]:
        """Return the things of all ranks in the order of ranks, at rank 0; at others an empty list."""
        if self.rank:
            self._send_all(pickle.dumps(thing), [0])
            return []
        return [thing, *map(pickle.loads, self._receive_all(self.others))]

    def _send_all(self, data: bytes, ranks: list[int]) -> None:
        size = np.array([len(data)], np.int64)
        self.exchange([Message(rank, size) for rank in ranks], [])
        whole = np.frombuffer(data, np.uint8)
        for begin in range(0, len(data), CHUNK_BYTES):
            chunk = whole[begin : begin + CHUNK_BYTES]
            self.exchange([Message(rank, chunk) for rank in ranks], [])

    def _receive_all(self, ranks: list[int]) -> list[bytes]:
        sizes = [np.zeros(1, np.int64) for _ in ranks]
        self.exchange([], [Message(rank, size) for rank, size in zip(ranks, sizes, strict=True)])
        found = [np.empty(int(size[0]), np.uint8) for size in sizes]
        for begin in range(0, max(map(len, found), default=0), CHUNK_BYTES):
            chunks = [whole[begin : begin + CHUNK_BYTES] for whole in found]
            pairs = zip(ranks, chunks, strict=True)
            self.exchange([], [Message(rank, chunk) for rank, chunk in pairs if len(chunk)])
        return [whole.tobytes() for whole in found]
