"""The contract of a gradient source, which computes the gradient of a window by a method of its own."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import TypeAlias

from charseq.arrays import BoolArray, FloatArray
from charseq.gradients.plan import Plan
from charseq.gradients.step import Job
from charseq.network import State
from charseq.network.parameters import Gradient, Parameters
from charseq.text.batches import Window


class GradientSource(ABC):
    """Computes the gradient of one window after another; a context manager, which ends its processes.

    Between two windows the caller may change the parameters and the state in place.
    """

    plan: Plan = Plan()
    """The plan that is followed; a source that cannot use several cores works in one piece."""

    num_threads: int = 1
    """The threads that may compute between two windows, when the source does nothing."""

    period: int = 1
    """The number of steps from one point at which the parameters are those of the whole run to the next."""

    cost: str = ""
    """The cost of the method in words, if it is another one than that of backpropagation."""

    def __enter__(self) -> "GradientSource":
        return self

    def __exit__(  # noqa: B027  (most sources have nothing to end)
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    @abstractmethod
    def gradient(self, window: Window, step: int) -> tuple[float, Gradient]:
        """Return the loss of a window, in nats per unit of target weight, and its gradient.

        `Job.gradient` makes the memory of the gradient, without the parameters that are frozen.
        The state is advanced past the window. The next call may overwrite the gradient. Random numbers
        depend on the job's seed and on `step`. Raises CharseqError if the gradient cannot be computed.
        """

    def arrays(self) -> dict[str, FloatArray]:
        """Return by name the live arrays that resuming needs beside the parameters and the state.

        They are zero at first, and resuming writes into them. Their names and shapes depend on the job but
        not on the plan. They stay valid after the context has ended.
        """
        return {}

    def forget_(self, streams: BoolArray | None = None) -> None:  # noqa: B027
        """Drop all that was kept about the past of `streams` (N,), or of all streams.

        Called after the state of these streams was set to zero or replaced by that of another stream.
        """

    def after_step(self, parameters: Parameters) -> None:  # noqa: B027
        """Read the parameters after an update, or change them in place, for instance to average them."""

    def agreed(self, norm: float) -> float:
        """Return the norm by which a gradient is clipped, given the one that was computed from it."""
        return norm

    @property
    def is_settled(self) -> bool:
        """True if the parameters are those of the whole run, from which it can be resumed."""
        return True

    def settle_(self, parameters: Parameters) -> None:  # noqa: B027
        """Make `parameters` those of the whole run, before they are validated or saved."""

    def gather_(self) -> None:  # noqa: B027
        """Complete the state of all streams in this process, before it is saved or its streams are moved."""


SourceFactory: TypeAlias = Callable[[Job, State, Plan], GradientSource]
"""Makes a source for a job, given the state of its streams and a plan; the entries of SOURCES are such."""
