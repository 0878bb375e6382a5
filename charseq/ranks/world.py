"""The world of a command that several ranks run: rank 0 decides, and what it decides holds for all.

Each rank does the same steps. So that no two of them part ways, whatever depends on more than the text and
the settings, such as the time and signals, is taken from an exchange between ranks, the same for all.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from charseq.arrays import FloatArray, even_slices
from charseq.ranks.communicator import Communicator, Message


@dataclass(slots=True)
class Agreed:
    """The numbers that all ranks know: the time in seconds on the clock of rank 0, and a signal or 0."""

    seconds: float = 0.0
    signal: int = 0


class World:
    """All ranks, connected by `communicator`, with what they agree on as of their last exchange.

    `heard` returns the number of a signal that this process has received, 0 before there is one; the first
    that any rank hears is for all.
    """

    def __init__(self, communicator: Communicator, clock: Callable[[], float] = time.monotonic) -> None:
        self.communicator, self._read_clock = communicator, clock
        self.rank, self.size = communicator.rank, communicator.size
        self.heard: Callable[[], int] = lambda: 0
        self._agreed = Agreed()

    @property
    def leads(self) -> bool:
        """True for rank 0, which alone reads options, shows and saves."""
        return self.rank == 0

    def clock(self) -> float:
        """Return the time of rank 0, in seconds, at the last exchange."""
        return self._agreed.seconds

    def signal(self) -> int:
        """Return the signal by which all ranks shall end, 0 before there is one."""
        return self._agreed.signal

    def share(self, thing: Any = None) -> Any:
        """Return the `thing` of rank 0 at every rank."""
        said = (thing, self._read_clock(), self._agreed.signal or self.heard())
        thing, self._agreed.seconds, self._agreed.signal = self.communicator.share(said)
        return thing

    def swap(
        self, number: float, sent: Sequence[Message] = (), received: Sequence[Message] = ()
    ) -> list[float]:
        """Exchange arrays, and return the `number` of each rank, in the order of ranks."""
        said = np.array([number, self._read_clock(), self.heard()])
        of_all = np.empty((self.size, 3))
        of_all[self.rank] = said
        others = self.communicator.others
        self.communicator.exchange(
            [*(Message(rank, said) for rank in others), *sent],
            [*(Message(rank, of_all[rank]) for rank in others), *received],
        )
        self._agreed.seconds = float(of_all[0, 1])
        self._agreed.signal = self._agreed.signal or next((int(n) for n in of_all[:, 2] if n), 0)
        return [float(n) for n in of_all[:, 0]]

    def sum_(self, number: float, vector: FloatArray, room: list[FloatArray]) -> list[float]:
        """Replace the `vector` (P,) of every rank by the sum over all ranks; return the `number` of each.

        The sum of each entry is ((v0 + v1) + v2) + ..., in the order of ranks, the same bits at every rank:
        each rank adds one slice of all vectors, and gives it to the others. Two ranks send as much if each
        sends the other its whole vector, and wait only once. `room` is from `room_for`.
        """
        if self.size == 2:
            return self._sum_of_two_(number, vector, room[0])
        bounds = even_slices(len(vector), self.size)
        mine, others = bounds[self.rank], self.communicator.others
        *parts, total = room
        sent = [Message(rank, vector[bounds[rank]]) for rank in others]
        numbers = self.swap(
            number, sent, [Message(rank, part) for rank, part in zip(others, parts, strict=True)]
        )
        parts.insert(self.rank, vector[mine])
        with np.errstate(over="ignore", invalid="ignore"):  # the trainer checks for nan
            np.add(parts[0], parts[1], out=total)
            for part in parts[2:]:
                total += part
        vector[mine] = total
        self.communicator.exchange(
            [Message(rank, total) for rank in others],
            [Message(rank, vector[bounds[rank]]) for rank in others],
        )
        return numbers

    def _sum_of_two_(self, number: float, vector: FloatArray, theirs: FloatArray) -> list[float]:
        (other,) = self.communicator.others
        numbers = self.swap(number, [Message(other, vector)], [Message(other, theirs)])
        with np.errstate(over="ignore", invalid="ignore"):
            vector += theirs  # a sum of two numbers does not depend on their order
        return numbers

    def room_for(self, vector: FloatArray) -> list[FloatArray]:
        """Return the memory in which `sum_` adds vectors such as this one."""
        if self.size == 2:
            return [np.empty_like(vector)]
        bounds = even_slices(len(vector), self.size)[self.rank]
        return [np.empty_like(vector[bounds]) for _ in range(self.size)]

    def first(self, number: float) -> float:
        """Return the `number` of rank 0 at every rank."""
        found = np.array([number])
        if self.rank == 0:
            self.communicator.exchange([Message(rank, found) for rank in self.communicator.others], [])
        else:
            self.communicator.exchange([], [Message(0, found)])
        return float(found[0])

    def complete_(self, array: FloatArray, rows: Sequence[slice]) -> None:
        """Fill the rows of `array` that other ranks have: those of rank r are `rows[r]`."""
        others = self.communicator.others
        sent = [Message(rank, array[rows[self.rank]]) for rank in others]
        self.communicator.exchange(sent, [Message(rank, array[rows[rank]]) for rank in others])
