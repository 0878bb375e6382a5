"""The learning rate over a run: at its beginning, middle and end, while warming up, and on a plateau."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charseq.config import OptimConfig, choices_of
from charseq.optim import Schedule

SCHEDULES = choices_of(OptimConfig.model_fields["schedule"])
each_schedule = pytest.mark.parametrize("name", SCHEDULES)


def schedule_of(name: str, **changes: float) -> Schedule:
    """Return a schedule from 0.8 down to a sixteenth of it, without warm-up unless `changes` says so."""
    settings = {"learning_rate": 0.8, "final_fraction": 0.0625, "plateau_factor": 0.25, "warmup_steps": 0}
    return Schedule(OptimConfig.model_validate({"schedule": name, **settings, **changes}))


@pytest.mark.parametrize(
    ("name", "progress", "rate"),
    [
        ("constant", 0.0, 0.8),
        ("constant", 0.5, 0.8),
        ("constant", 1.0, 0.8),
        ("plateau", 0.0, 0.8),
        ("plateau", 0.5, 0.8),
        ("plateau", 1.0, 0.8),
        ("cosine", 0.0, 0.8),
        ("cosine", 1 / 3, 0.8 * (0.0625 + 0.9375 * 0.75)),
        ("cosine", 0.5, 0.8 * (0.0625 + 0.9375 / 2)),
        ("cosine", 1.0, 0.05),
        ("exponential", 0.0, 0.8),
        ("exponential", 0.25, 0.4),
        ("exponential", 0.5, 0.2),
        ("exponential", 1.0, 0.05),
    ],
)
def test_the_rate_follows_the_formula_of_its_schedule(name: str, progress: float, rate: float) -> None:
    """The rate at the beginning, the middle and the end is that of the formula."""
    assert schedule_of(name).learning_rate(step=0, progress=progress) == pytest.approx(rate, rel=1e-12)


@each_schedule
def test_beyond_the_end_the_last_rate_is_kept(name: str) -> None:
    """A run that overshoots its limit keeps its last rate."""
    schedule = schedule_of(name)
    rates = [schedule.learning_rate(step=0, progress=progress) for progress in (1.0, 1.5)]
    assert rates[0] == rates[1]


@each_schedule
@given(earlier=st.floats(0, 1), later=st.floats(0, 1))
def test_the_rate_never_rises_after_warm_up(name: str, earlier: float, later: float) -> None:
    """Once warm, the rate does not rise as the run goes on."""
    schedule = schedule_of(name)
    earlier, later = sorted([earlier, later])
    rates = [schedule.learning_rate(step=0, progress=progress) for progress in (earlier, later)]
    assert rates[1] <= rates[0] * (1 + 1e-12)


@each_schedule
@pytest.mark.parametrize(("step", "share"), [(0, 0.1), (4, 0.5), (9, 1.0), (10, 1.0)])
def test_warm_up_raises_the_rate_by_equal_parts(name: str, step: int, share: float) -> None:
    """Over ten steps of warm-up the rate rises by a tenth each, and is whole from the tenth step on."""
    rate = schedule_of(name, warmup_steps=10).learning_rate(step=step, progress=0.0)
    assert rate == pytest.approx(0.8 * share, rel=1e-12)


@each_schedule
def test_warm_up_multiplies_the_course(name: str) -> None:
    """In the midst of both, warm-up and course are multiplied."""
    course = schedule_of(name).learning_rate(step=4, progress=0.5)
    warm = schedule_of(name, warmup_steps=10).learning_rate(step=4, progress=0.5)
    assert warm == pytest.approx(course / 2, rel=1e-12)


@each_schedule
def test_without_warm_up_the_first_step_has_the_whole_rate(name: str) -> None:
    """Without warm-up the first step has the whole rate."""
    assert schedule_of(name).learning_rate(step=0, progress=0.0) == pytest.approx(0.8, rel=1e-12)


@each_schedule
def test_the_scale_multiplies_the_rate(name: str) -> None:
    """Half the scale is half the rate, at any point."""
    schedule = schedule_of(name)
    whole = schedule.learning_rate(step=3, progress=0.4)
    schedule.scale /= 2
    assert schedule.learning_rate(step=3, progress=0.4) == pytest.approx(whole / 2, rel=1e-12)


def test_plateau_shrinks_the_rate_without_improvement() -> None:
    """On a plateau every validation without improvement multiplies the rate by `plateau_factor`."""
    schedule = schedule_of("plateau")
    rates = []
    for improved in (True, False, True, False):
        schedule.validated(improved=improved)
        rates.append(schedule.learning_rate(step=0, progress=0.5))
    assert rates == pytest.approx([0.8, 0.2, 0.2, 0.05], rel=1e-12)


@pytest.mark.parametrize("name", [name for name in SCHEDULES if name != "plateau"])
def test_other_schedules_ignore_validations(name: str) -> None:
    """Only the schedule plateau listens to validations."""
    schedule = schedule_of(name)
    schedule.validated(improved=False)
    assert schedule.scale == 1


def test_plateau_keeps_what_was_taken_off_the_scale_before() -> None:
    """What the trainer took off the scale stays off when the plateau shrinks it further."""
    schedule = schedule_of("plateau")
    schedule.scale /= 2
    schedule.validated(improved=False)
    assert schedule.learning_rate(step=0, progress=0.0) == pytest.approx(0.1, rel=1e-12)


@each_schedule
def test_the_rate_is_finite_and_above_zero_all_the_way(name: str) -> None:
    """The rate is finite and more than zero all the way."""
    schedule = schedule_of(name, final_fraction=1e-6)
    rates = [schedule.learning_rate(step=k, progress=k / 10) for k in range(11)]
    assert all(math.isfinite(rate) and rate > 0 for rate in rates)


# ---- a cool-down


@pytest.mark.parametrize("name", ["cosine", "exponential"])
def test_in_a_cool_down_the_rate_falls_to_its_end_fast_at_first(name: str) -> None:
    """Of nine steps the first does a third of it, the fourth two thirds, the last all; then it stays."""
    schedule = schedule_of(name)
    rate = schedule.learning_rate(step=20, progress=0.5)
    assert schedule.cool_down_(step=20, progress=0.5, num_steps=9) == 9
    rates = [schedule.learning_rate(step=step, progress=0.5) for step in (20, 23, 28, 29)]
    assert rates == pytest.approx([0.05 + left * (rate - 0.05) for left in (2 / 3, 1 / 3, 0, 0)])


@given(progress=st.floats(0, 1), num_steps=st.integers(1, 50))
def test_the_last_step_of_a_cool_down_has_the_last_rate_of_the_schedule(
    progress: float, num_steps: int
) -> None:
    """Wherever it begins, and whether or not divergence has lowered the rate."""
    schedule = schedule_of("cosine")
    schedule.scale = 0.5
    left = schedule.cool_down_(step=7, progress=progress, num_steps=num_steps)
    assert schedule.learning_rate(step=7 + left - 1, progress=progress) == pytest.approx(0.025)


@pytest.mark.parametrize(("name", "progress"), [("constant", 0.5), ("plateau", 0.5), ("cosine", 1.0)])
def test_a_rate_that_is_at_its_end_needs_no_cool_down(name: str, progress: float) -> None:
    """No step is left, and the rate stays as it is."""
    schedule = schedule_of(name)
    rate = schedule.learning_rate(step=20, progress=progress)
    assert schedule.cool_down_(step=20, progress=progress, num_steps=4) == 0
    assert schedule.learning_rate(step=20, progress=progress) == rate
