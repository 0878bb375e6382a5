"""The time of a run: training ends so early that the work after it is done by the limit in time."""

from collections.abc import Iterator

from charseq.training.events import Shortened
from charseq.training.limits import Limits
from charseq.training.progress import Progress
from charseq.training.validating import Validations

VALIDATION_SHARE = 0.15
"""The most of a limit in time that the last validation, and what is to take as long after it, may take."""
LEAST_SHARE = 0.25
"""The least share of the time that training itself has, whatever else takes time."""


class Timing:
    """Plans the end of training within the `limits` of a run.

    What is left for other work are `reserve` seconds, and the time of the last validation and of
    `num_later_validations` that take as long after it.
    """

    def __init__(
        self, limits: Limits, validations: Validations, *, reserve: float, num_later_validations: int
    ) -> None:
        self.limits, self._validations = limits, validations
        self.reserve, self._num_validations = reserve, 1 + num_later_validations
        """The seconds to leave for the work before and after training."""

    def closing(self, now: Progress) -> float:
        """Return the seconds to leave for all other work; training has LEAST_SHARE of the time."""
        seconds = self.reserve + self._num_validations * self._validations.seconds
        return min(max(seconds, now.closing), (1 - LEAST_SHARE) * self.limits.max_time)

    def reason_to_stop(self, now: Progress) -> str | None:
        """Return the limit that is reached, in words; None if none is."""
        return self.limits.reason_to_stop(now, reserve=self.closing(now))

    def share_done(self, now: Progress, *, num_windows: int) -> float:
        """Return the share of training that is done, in [0, 1], if an epoch has so many windows."""
        return self.limits.share_done(now, num_windows=num_windows, reserve=self.closing(now))

    def allows_validation(self, now: Progress) -> bool:
        """Return True if there is time for a validation before the last one, and for some steps after it."""
        reserve = self.closing(now) + self._validations.seconds
        return self.limits.reason_to_stop(now, reserve=reserve) is None

    def plan_validations_(self, now: Progress) -> Iterator[Shortened]:
        """Measure how long a validation takes; yield an event if there is time for a part of the text only.

        Once something was validated, the part stays the same, so that figures can be compared.
        """
        if not self.limits.max_time or self.reason_to_stop(now):
            return
        affordable = VALIDATION_SHARE * self.limits.max_time / self._num_validations
        if validator := self._validations.plan_(affordable, fixed=now.best_nats is not None):
            now.part_length = validator.part_length
            yield Shortened(validator.num_chars)
