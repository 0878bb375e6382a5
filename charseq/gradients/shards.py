"""The gradient of a batch on all cores: its streams are dealt out to shards that learn side by side.

A shard has its own state, workspace and gradient and multiplies on one core. Shards other than the first are
processes, forked so that they share the parameters: threads would wait for each other's turn at Python
between any two products. Where forking is not safe they are threads all the same. Next room: `trainer.py`.
"""

import itertools
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

import numpy as np

from charseq.arrays import shared_zeros
from charseq.errors import CharseqError
from charseq.network import CharModel, State, Workspace
from charseq.network.loss import cross_entropy_
from charseq.network.parameters import Parameters
from charseq.text.batches import Window

CAN_FORK = "fork" in multiprocessing.get_all_start_methods() and sys.platform != "darwin"
"""Whether a process may be forked; Apple's libraries do not survive it."""
TRIAL_SECONDS = 0.25
"""Time for which a plan is tried; the best of its steps counts."""
BUFFER_SIZE = 1024
"""Elements that NumPy buffers at a time; its own 8192 are more memory than the rest of a step allocates."""
SHORT_SECONDS = 3.0
"""Training no longer than this would be over before a better plan had paid for its trial."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a batch is computed: in so many shards, each product on so many threads of BLAS."""

    num_shards: int = 1
    blas_threads: int = 1

    def __str__(self) -> str:
        whole = "one piece" if self.num_shards == 1 else f"{self.num_shards} shards, a core for each"
        return f"{whole}, {self.blas_threads} cores for each product" if self.blas_threads > 1 else whole


@dataclass(frozen=True, slots=True)
class Job:
    """What shards are made for: windows of up to T steps of N streams, some of which may begin anew."""

    model: CharModel
    num_steps: int
    num_streams: int
    resets: bool
    seed: int


class Shard:
    """Some streams of a batch, the `columns` of its windows: forward, loss and backward for them."""

    def __init__(self, job: Job, state: State, columns: slice, grads: Parameters) -> None:
        self._job, self._columns = job, columns
        self._work: Workspace | None = None
        self._state = State({name: array[columns] for name, array in state.arrays.items()})
        num_streams = columns.stop - columns.start
        shape = (job.num_steps, num_streams)
        self._tokens = shared_zeros((2, *shape), np.int32)
        self._resets = shared_zeros(shape, np.bool_)
        self.grads = grads

    def take(self, window: Window) -> None:
        """Copy the shard's columns of a window to where `learn` finds them, in whichever process it runs."""
        num_steps = len(window.inputs)
        for own, tokens in zip(self._tokens, (window.inputs, window.targets), strict=True):
            own[:num_steps] = tokens[:, self._columns]
        if window.resets is not None:
            self._resets[:num_steps] = window.resets[:, self._columns]

    def learn(self, num_steps: int, step: int) -> float:
        """Write the gradient of the window taken last; return the shard's share of its mean loss.

        Dropout depends on the seed, the `step` and the shard alone.
        """
        job, (inputs, targets) = self._job, self._tokens[:, :num_steps]
        if self._work is None:  # in the process that will use it, so that its memory is near
            self._work = job.model.workspace(job.num_steps, inputs.shape[1], resets=job.resets)
        seed = [job.seed, 1, step, self._columns.start]
        rng = np.random.default_rng(seed) if job.model.config.dropout else None
        with np.errstate(over="ignore", invalid="ignore"), small_buffers():  # the trainer notices nan
            logits = job.model.forward(
                inputs,
                self._state,
                self._work,
                resets=self._resets[:num_steps] if job.resets else None,
                dropout_rng=rng,
            )
            loss = cross_entropy_(logits, targets, num_targets=num_steps * job.num_streams)
            job.model.backward(logits, self._work, self.grads)
        return loss


@contextmanager
def small_buffers() -> Iterator[None]:
    """Let NumPy take smaller buffers for operands that are not contiguous: fewer bytes, and no slower."""
    before = np.setbufsize(BUFFER_SIZE)
    try:
        yield
    finally:
        np.setbufsize(before)


class Shards:
    """All streams of a batch; a context manager, because there are processes to end.

    The same seed and number of shards give the same bits on one machine.
    """

    def __init__(self, job: Job, state: State, plan: Plan) -> None:
        self.plan = plan
        bounds = np.linspace(0, job.num_streams, plan.num_shards + 1).round().astype(int).tolist()
        self._shards = [
            Shard(job, state, slice(begin, end), job.model.params.like())
            for begin, end in itertools.pairwise(bounds)
        ]
        self.workers: list[Any] = []
        self._connections: list[Connection] = []

    def __enter__(self) -> "Shards":
        from threadpoolctl import threadpool_limits

        self._limits = threadpool_limits(self.plan.blas_threads)
        try:
            for shard in self._shards[1:]:
                ours, theirs = multiprocessing.Pipe()
                self._connections.append(ours)
                self.workers.append(_start(shard, theirs, self._connections))
        except OSError as error:
            self.__exit__(None, None, None)
            why = f"a worker process cannot be started: {error.strerror}"
            raise CharseqError(f"{why}; --threads 1 works without") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in self._connections:
            connection.close()
        for worker in self.workers:
            worker.join()
        self._limits.restore_original_limits()

    def gradient(self, window: Window, step: int) -> tuple[float, Parameters]:
        """Return the mean loss of a window in nats and its gradient, which the next call overwrites.

        Raises CharseqError when a worker is gone.
        """
        message = (len(window.inputs), step)
        for shard in self._shards:
            shard.take(window)
        try:
            for connection in self._connections:
                connection.send(message)
            loss = self._shards[0].learn(*message)
            total = self._shards[0].grads
            for shard, connection in zip(self._shards[1:], self._connections, strict=True):
                result = connection.recv()
                if isinstance(result, Exception):
                    raise result
                loss += result
                with np.errstate(over="ignore", invalid="ignore"):  # as in `learn`
                    total.flat += shard.grads.flat
        except (EOFError, ConnectionError):
            raise CharseqError("a worker process was killed; --threads 1 works without") from None
        return loss, total


def _start(shard: Shard, connection: Connection, inherited: list[Connection]) -> Any:
    """Let a worker serve at the other end of `connection`; of those `inherited` it has no need."""
    if not CAN_FORK:
        thread = threading.Thread(target=_serve, args=(shard, connection), daemon=True)
        thread.start()
        return thread
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_serve_as_process, args=(shard, connection, inherited), daemon=True)
    process.start()
    connection.close()  # the worker's copy is the one that counts: closed, it says that the worker is gone
    return process


def _serve(shard: Shard, connection: Connection) -> None:
    """Learn whatever is asked for, until nobody asks any more."""
    try:
        while True:
            message = connection.recv()
            try:
                connection.send(shard.learn(*message))
            except Exception as error:
                connection.send(error)
    except (EOFError, ConnectionError):
        connection.close()


def _serve_as_process(shard: Shard, connection: Connection, inherited: list[Connection]) -> None:
    """Serve in a forked process, which ends when its parent does, and at nobody else's wish."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    for other in inherited:
        other.close()
    _serve(shard, connection)
    os._exit(0)  # without the farewells of a process that it only is a copy of


def num_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def plans(num_cores: int, num_streams: int) -> list[Plan]:
    """Return what is worth a try: one core, all of them in BLAS, and shards of at least two streams."""
    shards = [k for k in (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64) if k <= num_cores and 2 * k <= num_streams]
    whole = [Plan(1, num_cores)] if num_cores > 1 else []
    return [Plan(), *whole, *(Plan(k) for k in shards[-3:])]


def fastest_plan(
    job: Job, state: State, window: Window, *, max_steps: int = 0, max_time: float = 0.0
) -> Plan:
    """Return the plan that computes `window` in the least time here and now; `state` is left as it was.

    Where the limits (0: none) say that all is soon over, one core is as good as any.
    """
    if 0 < max_time <= SHORT_SECONDS:
        return Plan()
    best, best_seconds = Plan(), np.inf
    before = {name: array.copy() for name, array in state.arrays.items()}
    for plan in plans(num_cores(), job.num_streams):
        with Shards(job, state, plan) as shards:
            seconds = _seconds(shards, window)
        if seconds < best_seconds:
            best, best_seconds = plan, seconds
        if 0 < max_steps * seconds <= SHORT_SECONDS:
            break
    for name, array in state.arrays.items():
        array[...] = before[name]
    return best


def _seconds(shards: Shards, window: Window) -> float:
    """Return how long the window takes, at best, warm."""
    begin, best = time.perf_counter(), np.inf
    shards.gradient(window, 0)
    while True:
        start = time.perf_counter()
        shards.gradient(window, 0)
        end = time.perf_counter()
        best = min(best, end - start)
        if end - begin > TRIAL_SECONDS:
            return best
