"""The course of the learning rate over a run, in terms of how much of the run is done."""

import math

from charseq.config import OptimConfig


class Schedule:
    """The learning rate at a step, given the run's progress in [0, 1], whatever limits the run.

    With w = min(1, (step + 1) / warmup_steps) and e = final_fraction:

        constant      rate = w * learning_rate
        cosine        rate = w * learning_rate * (e + (1 - e) * (1 + cos(pi * progress)) / 2)
        exponential   rate = w * learning_rate * e^progress
        plateau       rate = w * learning_rate * plateau_factor^(validations without improvement)

    `scale` multiplies all of them: the trainer halves it when training diverges, plateau shrinks it.
    """

    def __init__(self, config: OptimConfig) -> None:
        self.config = config
        self.scale = 1.0

    def learning_rate(self, *, step: int, progress: float) -> float:
        """Return the rate of the step with index `step`."""
        config, end = self.config, self.config.final_fraction
        rate = config.learning_rate * self.scale * min(1.0, (step + 1) / max(1, config.warmup_steps))
        if config.schedule == "cosine":
            rate *= end + (1 - end) * (1 + math.cos(math.pi * min(1.0, progress))) / 2
        elif config.schedule == "exponential":
            rate *= end ** min(1.0, progress)
        return rate

    def validated(self, *, improved: bool) -> None:
        """Take note of a validation."""
        if self.config.schedule == "plateau" and not improved:
            self.scale *= self.config.plateau_factor
