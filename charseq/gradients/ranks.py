"""The gradient of a batch on several ranks: each computes that of some of the streams, and they are added.

The streams of a rank are those of a shard, and gradients are added in the order of ranks, as those of shards
are. So N ranks make the same bits as N shards.
"""

from types import TracebackType
from typing import TypeAlias

import numpy as np

from charseq.arrays import FloatArray, TokenArray, even_slices
from charseq.gradients.plan import Plan
from charseq.gradients.source import GradientSource
from charseq.gradients.step import Job, TrainingStep, batch_weight
from charseq.network import State
from charseq.network.parameters import Gradient
from charseq.ranks import World
from charseq.text.batches import Window


class OnRanks(GradientSource):
    """A source whose streams are divided among the ranks of a world; every rank has the whole state.

    Of the state each rank advances only the part of its own streams, until `gather_` fills in the others.
    """

    def __init__(self, job: Job, state: State, world: World) -> None:
        self.world, self.plan = world, Plan(world.size)
        self._rows = even_slices(job.num_streams, world.size)
        self._columns = self._rows[world.rank]
        self._state = state
        self._step = TrainingStep(job, state, self._columns)

    def __enter__(self) -> "OnRanks":
        from threadpoolctl import threadpool_limits

        self._limits = threadpool_limits(1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._limits.restore_original_limits()

    def gather_(self) -> None:
        """Fill in the state of the streams of other ranks."""
        for array in self._state.arrays.values():
            self.world.complete_(array, self._rows)

    def own(self, window: Window) -> Window:
        """Return the streams of this rank."""
        return Window(
            np.ascontiguousarray(window.inputs[:, self._columns]),
            np.ascontiguousarray(window.targets[:, self._columns]),
            None if window.resets is None else np.ascontiguousarray(window.resets[:, self._columns]),
            None if window.weights is None else np.ascontiguousarray(window.weights[:, self._columns]),
        )


class Ranks(OnRanks):
    """Synchronous steps: every rank gets the sum of the gradients of all ranks."""

    def __init__(self, job: Job, state: State, world: World) -> None:
        super().__init__(job, state, world)
        self._by_rows = job.loss.by_rows
        self._room = [] if self._by_rows else world.room_for(self._step.grads.flat)

    def gradient(self, window: Window, step: int) -> tuple[float, Gradient]:
        """Return the mean loss of a window in nats and its gradient, which the next call overwrites."""
        part = self._step(self.own(window), step, total_weight=batch_weight(window))
        grads = self._step.grads
        if self._by_rows:
            parts = self.world.swap(part)
            self._add_rows_(grads)
        else:
            parts = self.world.sum_(part, grads.flat, self._room)
        loss = parts[0]
        for part in parts[1:]:
            loss += part
        return loss, grads

    def _add_rows_(self, grads: Gradient) -> None:
        """Replace a gradient of which few rows are touched by the sum over all ranks, made by rank 0."""
        records = self.world.communicator.gather(_record(grads))
        if self.world.leads:
            term = self._step.job.gradient()
            with np.errstate(over="ignore", invalid="ignore"):  # the trainer checks for nan
                for record in records[1:]:
                    _write(record, term)
                    grads.add_(term)
        _write(self.world.share(_record(grads)), grads)

    def agreed(self, norm: float) -> float:
        """Return the norm that rank 0 has computed: by it all ranks clip."""
        return self.world.first(norm)


Record: TypeAlias = dict[str, tuple[TokenArray | None, FloatArray]]
"""A gradient as it is sent: for each parameter the touched tokens, None for a whole one, and the entries."""


def _record(grads: Gradient) -> Record:
    return {name: (grads.touched.get(name), grads.entries(name)) for name in grads}


def _write(record: Record, grads: Gradient) -> None:
    grads.touched = {}
    for name, (tokens, entries) in record.items():
        if tokens is None:
            grads[name][...] = entries
        else:
            grads.set_rows_(name, tokens, entries)
