"""A communicator of threads in one process: a second implementation of the contract, without MPI."""

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar

import numpy as np

from charseq.ranks import Communicator, Message, World

T = TypeVar("T")
SECONDS = 60.0
"""The longest wait for another rank; a test that waits longer has ranks that parted ways."""


class Aborted(Exception):
    """A rank was ended by another one."""


class Mail:
    """The arrays on their way, in order, from each rank to each other one."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._queues: dict[tuple[int, int], queue.Queue[Any]] = {
            (here, there): queue.Queue() for here in range(size) for there in range(size)
        }

    def put(self, here: int, there: int, array: Any) -> None:
        self._queues[here, there].put(array)

    def get(self, here: int, there: int) -> Any:
        array = self._queues[here, there].get(timeout=SECONDS)
        if array is None:
            raise Aborted
        return array

    def abort(self) -> None:
        for waiting in self._queues.values():
            waiting.put(None)


class Threads(Communicator):
    """The end of one thread."""

    def __init__(self, rank: int, mail: Mail) -> None:
        self.rank, self.size, self._mail = rank, mail.size, mail

    def exchange(self, sent: Sequence[Message], received: Sequence[Message]) -> None:
        for rank, array in sent:
            self._mail.put(self.rank, rank, array.copy())
        for rank, array in received:
            found = self._mail.get(rank, self.rank)
            assert (found.shape, found.dtype) == (array.shape, array.dtype)
            array[...] = found

    def abort(self, code: int) -> NoReturn:
        self._mail.abort()
        raise Aborted(code)


def on_ranks(size: int, work: Callable[[World], T], *, clock: Callable[[], float] = lambda: 0.0) -> list[T]:
    """Do the work at every rank, and return the results in order; an error at one is raised here."""
    mail, results, errors = Mail(size), [None] * size, list[BaseException]()

    def run(rank: int) -> None:
        try:
            with np.errstate(all="raise", under="ignore"):
                results[rank] = work(World(Threads(rank, mail), clock))  # type: ignore[call-overload]
        except BaseException as error:
            errors.append(error)
            mail.abort()

    threads = [threading.Thread(target=run, args=(rank,), daemon=True) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    if errors:
        raise next((error for error in errors if not isinstance(error, Aborted)), errors[0])
    return results  # type: ignore[return-value]
