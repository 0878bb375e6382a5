"""The contract of a gradient source: who computes the gradient of a window, and how, is its own affair."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import TypeAlias

from charseq.arrays import BoolArray, FloatArray
from charseq.gradients.plan import Plan
from charseq.gradients.step import Job
from charseq.network import State
from charseq.network.parameters import Parameters
from charseq.text.batches import Window


class GradientSource(ABC):
    """Gives the gradient of one window after the other; a context manager, for there may be processes to end.

    Between two windows the caller may change the parameters and the state, in place.
    """

    plan: Plan = Plan()
    """The plan that it follows; a source that cannot be spread over cores works in one piece."""

    def __enter__(self) -> "GradientSource":
        return self

    def __exit__(  # noqa: B027  (most sources have nothing to end)
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    @abstractmethod
    def gradient(self, window: Window, step: int) -> tuple[float, Parameters]:
        """Return the loss of a window, in nats per unit of target weight, and its gradient.

        The state is advanced past the window. The next call may overwrite the gradient. Random numbers
        depend on the job's seed and on `step`. Raises CharseqError when the gradient cannot be had.
        """

    def arrays(self) -> dict[str, FloatArray]:
        """Return by name the live arrays that resuming needs beside parameters and state.

        They are zero at first, whoever resumes writes into them, and names and shapes are those of any other
        source for the same job, whatever the plan. They outlast the context.
        """
        return {}

    def forget_(self, streams: BoolArray | None = None) -> None:  # noqa: B027
        """Drop what was kept of the past of `streams` (N,), or of all: their state is not their own any more.

        Called after such a state was set to zero, or handed on from another stream.
        """

    def after_step(self, parameters: Parameters) -> None:  # noqa: B027
        """Look at the parameters after an update, or change them in place: processes may average them."""


SourceFactory: TypeAlias = Callable[[Job, State, Plan], GradientSource]
"""Makes a source for a job whose streams carry the given state: the entries of SOURCES."""
