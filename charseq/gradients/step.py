"""The training step: forward to the hidden states, loss, backward."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from charseq.gradients.losses import Loss, SoftmaxLoss
from charseq.gradients.plan import Plan, plan_for
from charseq.models import TrainableModel, TrainingWorkspace
from charseq.network import State
from charseq.network.parameters import Gradient
from charseq.text.batches import Window

BUFFER_SIZE = 1024
"""Elements in NumPy's buffers; with its default, 8192, they take more memory than the rest of a step."""


@dataclass(frozen=True, slots=True)
class Job:
    """A model and a loss over windows of up to T steps and N streams, whose gradient is to be computed.

    With `resets`, states may be reset inside a window. `seed` is for dropout and for losses that draw.
    `frozen` are the names of parameters that do not learn.
    """

    model: TrainableModel
    num_steps: int
    num_streams: int
    resets: bool
    seed: int
    loss: Loss = field(default_factory=SoftmaxLoss)
    frozen: frozenset[str] = frozenset()

    def gradient(self) -> Gradient:
        """Return memory for the gradient of the parameters that learn."""
        return self.model.params.like(frozen=self.frozen, by_rows=self.loss.by_rows)

    @property
    def _num_product_weights(self) -> int:
        """The weights that are multiplied, without those that are only looked up."""
        params = self.model.params
        looked_up = sum(params[name].size for name, axis in params.tables.items() if axis)
        return int(params.matrices.size - looked_up)

    def plan(self, cores: int) -> Plan:
        """Return the plan with which so many cores compute this job."""
        return plan_for(self._num_product_weights, self.num_streams, self.num_steps, cores)

    @property
    def reading_cost(self) -> float:
        """The products for a token that is scored, as a multiple of those of a forward pass in training."""
        vocab_size, hidden_size = self.model.params["projection.V"].shape
        scored = self._num_product_weights
        num_left_out = vocab_size - self.loss.num_outputs(vocab_size)
        return float(scored / (scored - num_left_out * hidden_size))

    def candidate_rng(self, step: int) -> np.random.Generator | None:
        """Return the random numbers of a loss that draws, the same for all streams of a step."""
        return np.random.default_rng([self.seed, 3, step]) if self.loss.draws else None


class TrainingStep:
    """The training step for some streams of a job, the `columns` of its windows.

    It advances their part of `state` in place. `grads` holds the gradient, which the next call overwrites.
    """

    def __init__(self, job: Job, state: State, columns: slice) -> None:
        self.job, self.columns = job, columns
        self.grads = job.gradient()
        self._state = State({name: array[columns] for name, array in state.arrays.items()})
        self._work: TrainingWorkspace | None = None
        self._loss_work: Any = None

    def __call__(self, window: Window, step: int, *, total_weight: float) -> float:
        """Write the gradient of a window of these streams; return their part of the batch's mean loss.

        `total_weight` is that of the whole batch. Random numbers depend only on the seed, the `step` and, for
        dropout, the number of the first stream.
        """
        model, loss = self.job.model, self.job.loss
        work, rng = self._work or self._allocate(), self._random_numbers(step)
        with np.errstate(over="ignore", invalid="ignore"), small_buffers():  # the trainer checks for nan
            h = model.hidden(window.inputs, self._state, work, resets=window.resets, dropout_rng=rng)
            mean = loss.gradient(
                h,
                window.targets,
                model.projection,
                model.params,
                self.grads,
                self._loss_work,
                weights=window.weights,
                total_weight=total_weight,
                rng=self.job.candidate_rng(step),
                out=work.dh,
            )
            model.backward(work.dh, work, self.grads)
        return mean

    def _allocate(self) -> TrainingWorkspace:
        """Allocate the workspace, at the first call: it must be memory of the process that does the work."""
        job, num_streams = self.job, self.columns.stop - self.columns.start
        work: TrainingWorkspace = job.model.workspace(
            job.num_steps, num_streams, resets=job.resets, logits=False
        )
        self._work = work
        self._loss_work = job.loss.workspace(job.model.params, job.num_steps * num_streams)
        return work

    def _random_numbers(self, step: int) -> np.random.Generator | None:
        if not self.job.model.draws:
            return None
        return np.random.default_rng([self.job.seed, 1, step, self.columns.start])


def batch_weight(window: Window) -> float:
    """Return the total weight of a batch, or 1 if it is 0: then the loss and the gradient are 0."""
    return window.total_weight or 1.0


@contextmanager
def small_buffers() -> Iterator[None]:
    """Use smaller NumPy buffers for operands that are not contiguous: they save memory and are as fast."""
    before = np.setbufsize(BUFFER_SIZE)
    try:
        yield
    finally:
        np.setbufsize(before)
