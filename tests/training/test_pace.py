"""The pace of a run: smoothed loss, speed between validations, time left."""

import math
from dataclasses import replace

import pytest

from charseq.training.events import Figures, Recovered, StepDone, Validated
from charseq.training.pace import Pace, time_left


def step(
    *, loss: float = 1.0, num_chars: float = 100, elapsed: float = 0.0, progress: float = 0.0
) -> StepDone:
    return StepDone(1, 1, loss, 1.0, 0.01, num_chars, elapsed, progress)


VALIDATED = Validated(1, 1, None, 1.0, 0.01, True, False, 9.0, Figures(8, 1.0, 1.0, 0.0, 2.0))


def test_the_loss_is_smoothed_from_the_first_one_on() -> None:
    """The first loss counts whole, a later one for two hundredths."""
    pace = Pace()
    assert math.isnan(pace.loss)
    pace.add(step(loss=3.0))
    assert pace.loss == 3.0
    pace.add(step(loss=1.0))
    assert pace.loss == pytest.approx(0.98 * 3 + 0.02 * 1)


def test_the_loss_begins_anew_after_a_recovery() -> None:
    """The losses of a diverged run are forgotten."""
    pace = Pace()
    pace.add(step(loss=1e9))
    pace.add(Recovered(1, 0.005))
    pace.add(step(loss=2.0))
    assert pace.loss == 2.0


def test_the_norm_of_the_gradient_is_smoothed_likewise() -> None:
    pace = Pace()
    pace.add(replace(step(), grad_norm=3.0))
    assert pace.grad_norm == 3.0
    pace.add(replace(step(), grad_norm=1.0))
    assert pace.grad_norm == pytest.approx(0.98 * 3 + 0.02 * 1)
    pace.add(Recovered(1, 0.005))
    assert math.isnan(pace.grad_norm)


def test_the_time_of_a_validation_does_not_slow_a_run() -> None:
    """The speed counts from the first step after a validation; until the second it stays as it was."""
    pace = Pace()
    for elapsed in (1.0, 2.0, 3.0):
        pace.add(step(elapsed=elapsed))
    assert pace.speed == 100
    pace.add(VALIDATED)
    pace.add(step(elapsed=60.0))
    assert pace.speed == 100
    pace.add(step(elapsed=60.5))
    assert pace.speed == 200


def test_a_clock_that_stands_still_gives_no_speed() -> None:
    """Two steps at one instant are no division by zero."""
    pace = Pace()
    pace.add(step(elapsed=1.0))
    pace.add(step(elapsed=1.0))
    assert pace.speed == 0.0


def test_time_left() -> None:
    """A quarter done in 10 seconds leaves 30; before any progress nobody knows."""
    assert time_left(step(elapsed=10.0, progress=0.25)) == 30.0
    assert math.isnan(time_left(step(elapsed=10.0)))
