"""The schedule of the learning rate, as a function of the share of the run that is done."""

import math
from typing import NamedTuple

from charseq.config import OptimConfig


class CoolDown(NamedTuple):
    """The `num_steps` steps from the one with index `begin` on, in which the rate falls to its end."""

    begin: int
    num_steps: int

    def share_left(self, step: int) -> float:
        """Return the share of the fall that is left after the step with this index: 0 after the last one."""
        return max(0.0, 1 - math.sqrt((step + 1 - self.begin) / max(1, self.num_steps)))


class Schedule:
    """The learning rate at each step; `progress`, in [0, 1], is the share of the run that is done.

    With w = min(1, (step + 1) / warmup_steps) and e = final_fraction:

        constant      rate = w * learning_rate
        cosine        rate = w * learning_rate * (e + (1 - e) * (1 + cos(pi * progress)) / 2)
        exponential   rate = w * learning_rate * e^progress
        plateau       rate = w * learning_rate * plateau_factor^(validations without improvement)

    `scale` multiplies all of them: the trainer halves it when training diverges, and the schedule plateau
    multiplies it by plateau_factor. At step k of a cool-down of n steps

        rate = end + (1 - sqrt(k / n)) * (rate - end)

    where end is the rate of the schedule for progress 1. Source: Hägele et al. 2024, "Scaling laws and
    compute-optimal training beyond fixed training durations" (arXiv:2405.18392): this form, and that short
    falls are nearly as good as schedules that were planned to end there.
    """

    def __init__(self, config: OptimConfig) -> None:
        self.config = config
        self.scale = 1.0
        self._cool_down: CoolDown | None = None

    def learning_rate(self, *, step: int, progress: float) -> float:
        """Return the learning rate of the step with index `step`, counted from 0."""
        rate = self._scheduled(step, progress)
        if self._cool_down is None:
            return rate
        end = self._scheduled(step, 1.0)
        return end + self._cool_down.share_left(step) * (rate - end)

    def cool_down_(self, *, step: int, progress: float, num_steps: int) -> int:
        """Let the rate fall to its end within `num_steps` steps, of which the first has the index `step`.

        Return their number: 0 if the rate is at its end already, or falls with no progress.
        """
        if self._scheduled(step, progress) <= self._scheduled(step, 1.0):
            num_steps = 0
        self._cool_down = CoolDown(step, num_steps)
        return num_steps

    def _scheduled(self, step: int, progress: float) -> float:
        config, end = self.config, self.config.final_fraction
        rate = config.learning_rate * self.scale * min(1.0, (step + 1) / max(1, config.warmup_steps))
        if config.schedule == "cosine":
            rate *= end + (1 - end) * (1 + math.cos(math.pi * min(1.0, progress))) / 2
        elif config.schedule == "exponential":
            rate *= end ** min(1.0, progress)
        return rate

    def validated(self, *, improved: bool) -> None:
        """Take note of a validation: plateau lowers the rate if it has not improved."""
        if self.config.schedule == "plateau" and not improved:
            self.scale *= self.config.plateau_factor
