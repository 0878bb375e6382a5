"""The validations of a run: which parameters are scored, on how much of the text, and how long it takes."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from charseq.scoring import Score, Validator
from charseq.training.averaging import Average


class Pace(NamedTuple):
    """The seconds of reading the warm-up of all parts, and those of each scored step of them."""

    warm_up: float
    per_step: float


class Validations:
    """Scores the latest parameters and their average by `validator`, which is None without a text to score.

    `seconds` is the time of the last validation, or what one is expected to take; 0 before anything was
    measured. `clock` returns seconds.
    """

    def __init__(self, validator: Validator | None, average: Average, clock: Callable[[], float]) -> None:
        self.validator, self._average, self._clock = validator, average, clock
        self.num_readings = 2 if average.span else 1
        self.seconds = 0.0

    def score(self) -> tuple[Score | None, bool]:
        """Score the validation text; say whether the average of the parameters gave this score."""
        if self.validator is None:
            return None, False
        begin = self._clock()
        with np.errstate(over="ignore", invalid="ignore"):  # the model may have diverged
            latest = average = self.validator.score()
            if self._average.span:
                with self._average.in_place():
                    average = self.validator.score()
        self.seconds = self._clock() - begin
        averaged = average.nats_per_char < latest.nats_per_char
        return (average if averaged else latest), averaged

    def plan_(self, affordable: float, *, fixed: bool) -> Validator | None:
        """Measure how long a validation takes; if that is over `affordable` seconds, score less of the text.

        With `fixed`, as much as before is scored all the same. Return the validator if it scores less now.
        """
        validator = self.validator
        if validator is None:
            return None
        pace, can_be_less = self._measured(validator)
        if self._expected(validator, pace) > affordable:  # a first call may take longer than others
            pace = min(pace, self._measured(validator)[0], key=lambda one: self._expected(validator, one))
        whole = validator.part_length
        if can_be_less and not fixed and self._expected(validator, pace) > affordable:
            num_steps = int((affordable / self.num_readings - pace.warm_up) / pace.per_step)
            validator.shorten_(max(num_steps, validator.STEPS))
        self.seconds = self._expected(validator, pace)
        return validator if validator.part_length < whole else None

    def _expected(self, validator: Validator, pace: Pace) -> float:
        """Return the seconds of a validation at this pace."""
        return self.num_readings * (pace.warm_up + validator.part_length * pace.per_step)

    def _measured(self, validator: Validator) -> tuple[Pace, bool]:
        """Score as little as possible; return the pace, and whether something counted.

        A step of the warm-up takes at most as long as one that is scored, and less with a large vocabulary.
        """
        begin, num_steps = self._clock(), validator.STEPS
        validator.score(num_steps=1)
        middle = self._clock()
        score = validator.score(num_steps=num_steps)
        first, seconds = middle - begin, self._clock() - middle
        per_step = max((seconds - first) / (num_steps - 1), seconds / (validator.WARMUP + num_steps))
        return Pace(seconds - num_steps * per_step, per_step), score.num_chars > 0
