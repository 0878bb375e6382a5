"""The pace of a run, for display: its smoothed loss and norm, its speed, and the time that is left."""

import math

from charseq.training.events import Event, Recovered, StepDone, Validated

SMOOTHING = 0.98
"""The share of the earlier steps in the smoothed loss and norm."""


class Pace:
    """The figures of a run in progress; call `add` with each event.

    `loss` is the smoothed loss in nats per character, and `grad_norm` the smoothed norm of the gradient
    before clipping; they are nan before the first step and after a recovery. `speed` is in characters per
    second since the last validation, so that it excludes the time of validations.
    """

    def __init__(self) -> None:
        self.loss, self.grad_norm, self.speed = math.nan, math.nan, 0.0
        self._num_chars, self._since = 0.0, math.nan

    def add(self, event: Event) -> None:
        """Update the figures with the next event."""
        if isinstance(event, StepDone):
            self._step(event)
        elif isinstance(event, Validated):
            self._since = math.nan
        elif isinstance(event, Recovered):
            self.loss = self.grad_norm = math.nan

    def _step(self, event: StepDone) -> None:
        self.loss = _smoothed(self.loss, event.loss)
        self.grad_norm = _smoothed(self.grad_norm, event.grad_norm)
        if math.isnan(self._since):
            self._num_chars, self._since = 0.0, event.elapsed
        elif event.elapsed > self._since:
            self._num_chars += event.num_chars
            self.speed = self._num_chars / (event.elapsed - self._since)


def _smoothed(before: float, now: float) -> float:
    return now if math.isnan(before) else SMOOTHING * before + (1 - SMOOTHING) * now


def time_left(event: StepDone) -> float:
    """Return the seconds to the end of the run at its mean pace so far; nan if there is no progress yet."""
    return event.elapsed * (1 - event.progress) / event.progress if event.progress else math.nan
