"""The validations of a run: which parameters are scored, on how much of the text, and how long it takes."""

from collections.abc import Callable

import numpy as np

from charseq.scoring import Score, Validator
from charseq.training.averaging import Average


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
        per_step, can_be_less = self._measured(validator)
        if self._expected(validator, per_step) > affordable:  # a first call may take longer than others
            per_step = min(per_step, self._measured(validator)[0])
        whole = validator.part_length
        if can_be_less and not fixed and self._expected(validator, per_step) > affordable:
            num_steps = int(affordable / self.num_readings / per_step)
            validator.shorten_(max(num_steps - validator.WARMUP, validator.STEPS))
        self.seconds = self._expected(validator, per_step)
        return validator if validator.part_length < whole else None

    def _expected(self, validator: Validator, per_step: float) -> float:
        """Return the seconds of a validation that takes so many for each step of reading."""
        return self.num_readings * (validator.WARMUP + validator.part_length) * per_step

    def _measured(self, validator: Validator) -> tuple[float, bool]:
        """Score as little as possible; return the seconds for each step, and whether something counted."""
        begin = self._clock()
        score = validator.score(num_steps=validator.STEPS)
        return (self._clock() - begin) / (validator.WARMUP + validator.STEPS), score.num_chars > 0
