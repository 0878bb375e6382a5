"""The limits of a run: which is reached, how much is done, and which option goes on."""

import pytest

from charseq.config import DEFAULT_MAX_TIME, TrainConfig
from charseq.training.limits import Limits, num_cool_down_steps
from charseq.training.progress import Progress


def limits(**settings: float) -> Limits:
    return Limits.of(TrainConfig.model_validate(settings))


def test_without_any_limit_a_run_has_the_default_time() -> None:
    """Two minutes."""
    assert limits() == Limits(0, 0, DEFAULT_MAX_TIME, 0)


def test_a_limit_in_steps_is_no_limit_in_time() -> None:
    """The default is for runs without any limit."""
    assert limits(max_steps=5).max_time == 0


@pytest.mark.parametrize(
    ("settings", "now", "share"),
    [
        ({"num_epochs": 2}, Progress(epoch=1, window=5), 0.75),
        ({"max_steps": 8}, Progress(step=2), 0.25),
        ({"max_time": 10.0}, Progress(elapsed=4.0), 0.5),
        ({"max_steps": 8, "max_time": 10.0}, Progress(step=6, elapsed=1.0), 0.75),
        ({"max_steps": 8}, Progress(step=9), 1.0),
    ],
)
def test_the_nearest_limit_says_how_much_is_done(
    settings: dict[str, float], now: Progress, share: float
) -> None:
    """An epoch has 10 windows, and 2 seconds of the time are kept."""
    assert limits(**settings).share_done(now, num_windows=10, reserve=2.0) == pytest.approx(share)


@pytest.mark.parametrize(
    ("settings", "now", "reason"),
    [
        ({"num_epochs": 2}, Progress(epoch=2), "epochs done: 2"),
        ({"num_epochs": 2}, Progress(epoch=1, window=9), None),
        ({"max_steps": 8}, Progress(step=8), "steps done: 8"),
        ({"max_time": 10.0}, Progress(elapsed=8.5), "the time of 10s is up"),
        ({"max_time": 10.0}, Progress(elapsed=7.5), None),
        (
            {"max_steps": 9, "patience": 3},
            Progress(num_bad_validations=3),
            "validations without improvement: 3",
        ),
    ],
)
def test_a_limit_stops_a_run_when_it_is_reached(
    settings: dict[str, float], now: Progress, reason: str | None
) -> None:
    """That in time 2 seconds earlier, which are kept."""
    assert limits(**settings).reason_to_stop(now, reserve=2.0) == reason


@pytest.mark.parametrize(
    ("now", "share", "num_steps"),
    [
        (Progress(step=1000, elapsed=60.0), 0.5, 200),
        (Progress(step=1001, elapsed=60.0), 0.5, 201),
        (Progress(step=1000, elapsed=60.0), 0.99, 11),
        (Progress(step=1000, elapsed=60.0), 1.0, 0),
        (Progress(step=36_000, elapsed=3600.0), 0.25, 600),
        (Progress(step=1, elapsed=0.0), 0.0, 1),
    ],
    ids=["a fifth", "rounded up", "little is left", "nothing is left", "a minute", "the first step"],
)
def test_a_cool_down_takes_a_fifth_of_the_steps_so_far(now: Progress, share: float, num_steps: int) -> None:
    """But no more than a minute, and no more steps than are left of the run."""
    assert num_cool_down_steps(now, share) == num_steps
