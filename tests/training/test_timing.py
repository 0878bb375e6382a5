"""The end of training within a limit in time, by a clock that goes on when work is done."""

import pytest

from charseq.config import OptimConfig
from charseq.training.events import Event, Shortened, StepDone, Stopped, Validated
from tests.training.builders import LONG, Clock, SlowValidator, slow_trainer

WHOLE = 2 * (128 + -(-len(LONG) // 32))
"""The steps of reading in a validation of the whole text."""


def steps_of(events: list[Event]) -> list[StepDone]:
    return [event for event in events if isinstance(event, StepDone)]


@pytest.mark.parametrize("seconds", [1e-4, 2e-3, 8e-3])
@pytest.mark.parametrize("later", [0, 3])
def test_all_work_is_done_within_the_time(seconds: float, later: int) -> None:
    """A reserve, the last validation and those that follow fit in, whatever the whole text would take."""
    clock = Clock()
    trainer = slow_trainer(
        clock,
        SlowValidator(clock, seconds),
        seconds_per_step=0.25,
        reserve=6.0,
        num_later_validations=later,
        max_time=100.0,
    )
    events = list(trainer.run())
    validated = next(event for event in reversed(events) if isinstance(event, Validated))
    last_step = steps_of(events)[-1]
    length = validated.elapsed - last_step.elapsed
    end = validated.elapsed + later * length + 6.0
    assert 99.0 < end <= 100.3
    assert length * (1 + later) < 15.5
    assert clock.now == pytest.approx(validated.elapsed)


def test_a_text_that_takes_too_long_is_shortened_and_said_to_be() -> None:
    """Every validation scores the same characters, as many as the event says."""
    clock = Clock()
    trainer = slow_trainer(
        clock, SlowValidator(clock, 0.05), seconds_per_step=0.25, max_time=200.0, eval_every=100
    )
    events = list(trainer.run())
    assert isinstance(events[0], Shortened)
    figures = [event.valid.num_chars for event in events if isinstance(event, Validated) and event.valid]
    assert len(figures) >= 3
    assert set(figures) == {events[0].num_chars} == {trainer.num_valid_chars}
    assert events[0].num_chars < len(LONG)


@pytest.mark.parametrize("limits", [{"max_steps": 30}, {"num_epochs": 6}])
def test_without_a_limit_in_time_the_whole_text_is_scored(limits: dict[str, float]) -> None:
    """However long it takes: the figure depends on no clock."""
    clock = Clock()
    trainer = slow_trainer(clock, SlowValidator(clock, 10.0), seconds_per_step=0.25, **limits)
    events = list(trainer.run())
    assert not any(isinstance(event, Shortened) for event in events)
    assert trainer.num_valid_chars is None
    assert trainer.validator is not None
    assert trainer.validator.num_chars == len(LONG)


@pytest.mark.parametrize("eval_every", [1000, 37, 3])
def test_the_schedule_ends_where_training_ends(eval_every: int) -> None:
    """The last step has the smallest rate, since no validation takes the time of the last steps."""
    clock, final = Clock(), 0.1
    trainer = slow_trainer(
        clock,
        SlowValidator(clock, 4.0 / WHOLE),
        seconds_per_step=0.25,
        reserve=5.0,
        optim=OptimConfig(learning_rate=0.01, warmup_steps=0, final_fraction=final),
        max_time=100.0,
        eval_every=eval_every,
    )
    steps = steps_of(list(trainer.run()))
    assert steps[0].learning_rate == pytest.approx(0.01, rel=0.01)
    assert steps[-1].learning_rate == pytest.approx(0.01 * final, rel=0.02)
    assert clock.now == pytest.approx(95.0, abs=0.3)


def test_training_has_a_quarter_of_the_time_at_least() -> None:
    """Whatever is to be left for other work."""
    clock = Clock()
    trainer = slow_trainer(clock, None, seconds_per_step=0.25, reserve=1e6, max_time=100.0)
    assert steps_of(list(trainer.run()))[-1].elapsed == pytest.approx(25.0)


def test_time_can_be_taken_for_other_work() -> None:
    """Training ends so much earlier."""
    clock = Clock()
    trainer = slow_trainer(clock, None, seconds_per_step=0.25, reserve=5.0, max_time=100.0)
    trainer.timing.reserve += 20.0
    assert steps_of(list(trainer.run()))[-1].elapsed == pytest.approx(75.0)


def test_a_run_whose_time_is_up_is_at_its_end_when_it_is_resumed() -> None:
    """Though the time of a validation and of other work is not known again."""
    first = slow_trainer(
        clock := Clock(),
        SlowValidator(clock, 0.01),
        seconds_per_step=0.25,
        reserve=1.0,
        num_later_validations=2,
        max_time=50.0,
    )
    first.timing.reserve += 4.0
    list(first.run())
    second = slow_trainer(
        clock, SlowValidator(clock, 0.01), seconds_per_step=0.25, reserve=1.0, max_time=50.0
    )
    second.restore(first.snapshot())
    assert second.reason_to_stop == "the time of 50s is up"
    assert list(second.run()) == [Stopped(first.progress.step, "the time of 50s is up")]


def test_a_resumed_run_scores_the_same_part() -> None:
    """With more time too, so that its figures can be compared with the best one."""
    clock = Clock()
    first = slow_trainer(clock, SlowValidator(clock, 0.05), seconds_per_step=0.25, max_time=100.0)
    list(first.run())
    second = slow_trainer(clock, SlowValidator(clock, 1e-4), seconds_per_step=0.25, max_time=200.0)
    second.restore(first.snapshot())
    events = list(second.run())
    assert not any(isinstance(event, Shortened) for event in events)
    (figure,) = {event.valid.num_chars for event in events if isinstance(event, Validated) and event.valid}
    assert figure == first.num_valid_chars
