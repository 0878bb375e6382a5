"""The gradient of a batch in one piece, by backpropagation in this process."""

from types import TracebackType

from charseq.gradients.plan import Plan
from charseq.gradients.source import GradientSource
from charseq.gradients.step import Job, TrainingStep, batch_weight
from charseq.network import State
from charseq.network.parameters import Gradient
from charseq.text.batches import Window


class Whole(GradientSource):
    """All streams of a batch together, on one core."""

    def __init__(self, job: Job, state: State, plan: Plan) -> None:
        self.plan = plan
        self._step = TrainingStep(job, state, slice(0, job.num_streams))

    def __enter__(self) -> "Whole":
        from threadpoolctl import threadpool_limits

        self._limits = threadpool_limits(1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._limits.restore_original_limits()

    def gradient(self, window: Window, step: int) -> tuple[float, Gradient]:
        """Return the mean loss of a window in nats and its gradient, which the next call overwrites."""
        loss = self._step(window, step, total_weight=batch_weight(window))
        return loss, self._step.grads
