"""The gradient of a batch on several cores: each shard computes the gradient of some of the streams.

A shard has its own state, workspace and gradient, and computes its products on one core. The first shard runs
in this thread. The others are threads, too, if compiled code computes: it lets go of Python's lock for a
whole window. Otherwise they are forked processes, which share the parameters, because threads would wait for
the lock between any two products; if forking is not safe on this system, they are threads nevertheless.
"""

import itertools
import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np

from charseq.arrays import TokenArray, shared_zeros
from charseq.errors import CharseqError
from charseq.gradients.plan import Plan
from charseq.gradients.source import GradientSource
from charseq.gradients.step import Job, TrainingStep, batch_weight
from charseq.network import State
from charseq.network.parameters import Gradient
from charseq.text.batches import Window

CAN_FORK = "fork" in multiprocessing.get_all_start_methods() and sys.platform != "darwin"
"""True if processes can be forked safely here; on macOS, system libraries may crash after a fork."""

SWITCH_SECONDS = 2e-4
"""The time after which a thread hands over Python's lock: with Python's own 5 ms, a step took 7 % longer."""


class Order(NamedTuple):
    """The message to a shard about a window whose arrays are in shared memory already."""

    num_steps: int
    step: int
    total_weight: float
    has_resets: bool
    has_weights: bool


class Answer(NamedTuple):
    """The message of a shard, whose gradient is in shared memory.

    It has the shard's part of the mean loss, and the tokens that it touched, by table.
    """

    loss: float
    touched: dict[str, TokenArray]


class Shard:
    """Some streams of a batch, the `columns` of its windows, with memory shared with its worker process."""

    def __init__(self, job: Job, state: State, columns: slice) -> None:
        self._step, self._columns = TrainingStep(job, state, columns), columns
        shape = (job.num_steps, columns.stop - columns.start)
        self._inputs, self._targets = shared_zeros((2, *shape), np.int32)
        self._resets = shared_zeros(shape, np.bool_)
        self._weights = shared_zeros(shape, np.float64)

    @property
    def grads(self) -> Gradient:
        """The gradient that the last call of `learn` wrote."""
        return self._step.grads

    def take(self, window: Window) -> None:
        """Copy the shard's columns of a window to shared memory, where `learn` reads them in any process."""
        num_steps = len(window.inputs)
        self._inputs[:num_steps] = window.inputs[:, self._columns]
        self._targets[:num_steps] = window.targets[:, self._columns]
        if window.resets is not None:
            self._resets[:num_steps] = window.resets[:, self._columns]
        if window.weights is not None:
            self._weights[:num_steps] = window.weights[:, self._columns]

    def learn(self, order: Order) -> "Answer":
        """Write the gradient of the window taken last to `grads`; return what else its reader must know."""
        end = order.num_steps
        window = Window(
            self._inputs[:end],
            self._targets[:end],
            self._resets[:end] if order.has_resets else None,
            self._weights[:end] if order.has_weights else None,
        )
        loss = self._step(window, order.step, total_weight=order.total_weight)
        return Answer(loss, self.grads.touched)


class Shards(GradientSource):
    """All streams of a batch in shards.

    On one machine, the same seed and number of shards give the same bits.
    """

    def __init__(self, job: Job, state: State, plan: Plan) -> None:
        self.plan, self._as_threads = plan, job.model.is_compiled or not CAN_FORK
        self.num_threads = plan.num_shards
        bounds = np.linspace(0, job.num_streams, plan.num_shards + 1).round().astype(int).tolist()
        self._shards = [Shard(job, state, slice(begin, end)) for begin, end in itertools.pairwise(bounds)]
        self.workers: list[Any] = []
        self._connections: list[Connection] = []

    def __enter__(self) -> "Shards":
        from threadpoolctl import threadpool_limits

        self._limits, self._switch_seconds = threadpool_limits(1), sys.getswitchinterval()
        if self._as_threads:
            sys.setswitchinterval(SWITCH_SECONDS)
        try:
            for shard in self._shards[1:]:
                ours, theirs = multiprocessing.Pipe()
                self._connections.append(ours)
                self.workers.append(_start(shard, theirs, self._connections, as_thread=self._as_threads))
        except (OSError, RuntimeError) as error:  # a process, or a thread
            self.__exit__(None, None, None)
            why = f"a worker cannot be started: {getattr(error, 'strerror', error)}"
            raise CharseqError(f"{why}; threads=1 trains without workers") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in self._connections:
            connection.close()
        for worker in self.workers:
            worker.join()
        sys.setswitchinterval(self._switch_seconds)
        self._limits.restore_original_limits()

    def gradient(self, window: Window, step: int) -> tuple[float, Gradient]:
        """Return the mean loss of a window in nats and its gradient, which the next call overwrites.

        Raises CharseqError if a worker process has ended.
        """
        order = Order(
            num_steps=len(window.inputs),
            step=step,
            total_weight=batch_weight(window),
            has_resets=window.resets is not None,
            has_weights=window.weights is not None,
        )
        for shard in self._shards:
            shard.take(window)
        try:
            for connection in self._connections:
                connection.send(order)
            loss, _ = self._shards[0].learn(order)
            total = self._shards[0].grads
            for shard, connection in zip(self._shards[1:], self._connections, strict=True):
                result = connection.recv()
                if isinstance(result, Exception):
                    raise result
                loss += result.loss
                shard.grads.touched = result.touched
                with np.errstate(over="ignore", invalid="ignore"):  # as in a training step
                    total.add_(shard.grads)
        except (EOFError, ConnectionError):
            raise CharseqError("a worker process was killed; threads=1 trains without workers") from None
        return loss, total


def _start(shard: Shard, connection: Connection, inherited: list[Connection], *, as_thread: bool) -> Any:
    """Start a worker that serves `connection`, and return it; a process closes those `inherited`."""
    if as_thread:
        thread = threading.Thread(target=_serve, args=(shard, connection), daemon=True)
        thread.start()
        return thread
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_serve_as_process, args=(shard, connection, inherited), daemon=True)
    process.start()
    connection.close()  # the worker has its own copy: once that is closed, our end can tell
    return process


def _serve(shard: Shard, connection: Connection) -> None:
    """Compute the gradient for each order that arrives, until the other end is closed."""
    try:
        while True:
            order = connection.recv()
            try:
                connection.send(shard.learn(order))
            except Exception as error:
                connection.send(error)
    except (EOFError, ConnectionError):
        connection.close()


def _serve_as_process(shard: Shard, connection: Connection, inherited: list[Connection]) -> None:
    """Serve in a forked process: it leaves signals to its parent, and ends when its parent ends."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    for other in inherited:
        other.close()
    _serve(shard, connection)
    os._exit(0)  # skip the clean-up at exit: it is the parent's to do
