"""A toy gradient source in one file: the streams of a batch one after the other."""

import numpy as np

from charseq.arrays import BoolArray, FloatArray
from charseq.gradients import GradientSource, Job, Plan
from charseq.gradients.step import TrainingStep
from charseq.network import State
from charseq.network.parameters import Gradient, Parameters
from charseq.text.batches import Window


class OneByOne(GradientSource):
    """Sums the gradient over single streams, one after the other, and counts what it did."""

    def __init__(self, job: Job, state: State, plan: Plan) -> None:
        self._steps = [TrainingStep(job, state, slice(n, n + 1)) for n in range(job.num_streams)]
        self._grads = job.gradient()
        self._num_windows = np.zeros(1, np.float32)
        self._num_updates = np.zeros(1, np.float32)
        self._since_forgotten = np.zeros(job.num_streams, np.float32)

    def gradient(self, window: Window, step: int) -> tuple[float, Gradient]:
        loss = 0.0
        self._grads.clear_()
        for n, one in enumerate(self._steps):
            stream = Window(*(part if part is None else part[:, n : n + 1] for part in window))
            loss += one(stream, step, total_weight=window.total_weight)
            self._grads.add_(one.grads)
        self._num_windows += 1
        self._since_forgotten += 1
        return loss, self._grads

    def arrays(self) -> dict[str, FloatArray]:
        return {
            "num_windows": self._num_windows,
            "num_updates": self._num_updates,
            "since_forgotten": self._since_forgotten,
        }

    def forget_(self, streams: BoolArray | None = None) -> None:
        self._since_forgotten[... if streams is None else streams] = 0

    def after_step(self, parameters: Parameters) -> None:
        self._num_updates += 1
