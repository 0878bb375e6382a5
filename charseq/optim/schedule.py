"""The schedule of the learning rate, as a function of the share of the run that is done."""

import math

from charseq.config import OptimConfig


class Schedule:
    """The learning rate at each step; `progress`, in [0, 1], is the share of the run that is done.

    With w = min(1, (step + 1) / warmup_steps) and e = final_fraction:

        constant      rate = w * learning_rate
        cosine        rate = w * learning_rate * (e + (1 - e) * (1 + cos(pi * progress)) / 2)
        exponential   rate = w * learning_rate * e^progress
        plateau       rate = w * learning_rate * plateau_factor^(validations without improvement)

    `scale` multiplies all of them: the trainer halves it when training diverges, and the schedule plateau
    multiplies it by plateau_factor.
    """

    def __init__(self, config: OptimConfig) -> None:
        self.config = config
        self.scale = 1.0

    def learning_rate(self, *, step: int, progress: float) -> float:
        """Return the learning rate of the step with index `step`, counted from 0."""
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
