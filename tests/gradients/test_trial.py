"""Trying plans: the fastest is taken, nothing is left changed, and short runs are not held up."""

from typing import Any

import pytest

from charseq.gradients import GradientSource, Job, Plan, trial
from charseq.gradients.sources import backpropagation
from charseq.gradients.trial import fastest_plan
from charseq.gradients.whole import Whole
from charseq.network import State
from charseq.text.batches import Window
from tests.gradients.builders import make_job, make_window


@pytest.mark.parametrize(("seconds", "expected"), [((3, 2, 1), 2), ((3, 1, 2), 1), ((1, 2, 3), 0)])
def test_the_fastest_plan(seconds: tuple[float, ...], expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan that took the least time is taken, and the state is as it was before the trials."""
    job, tried = make_job(), [Plan(), Plan(1, 2), Plan(2)]
    monkeypatch.setattr(trial, "num_cores", lambda: 2)
    state = job.model.initial_state(6)
    state.arrays["layers.0.h"][...] = 0.5

    def seconds_of(source: GradientSource, window: Window) -> float:
        source.gradient(window, 0)
        return seconds[tried.index(source.plan)]

    monkeypatch.setattr(trial, "seconds_of", seconds_of)
    assert fastest_plan(backpropagation, job, state, make_window(6)) == tried[expected]
    assert (state.arrays["layers.0.h"] == 0.5).all()
    assert not state.arrays["layers.0.c"].any()


@pytest.mark.parametrize("limits", [{"max_steps": 2}, {"max_time": 2.0}])
def test_a_short_run_is_not_worth_a_trial(limits: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Training that is over before a trial would have paid is done on one core."""
    monkeypatch.setattr(trial, "num_cores", lambda: 2)
    monkeypatch.setattr(trial, "seconds_of", lambda source, window: 1 / source.plan.num_shards)
    job = make_job()
    assert fastest_plan(backpropagation, job, job.model.initial_state(6), make_window(6), **limits) == Plan()


def test_a_source_without_plans_is_not_asked_for_any(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that works in one piece, whatever is asked, is tried once and keeps its own plan."""
    tried = []

    def in_one_piece(job: Job, state: State, plan: Plan) -> GradientSource:
        return Whole(job, state, Plan())

    def seconds_of(source: GradientSource, window: Window) -> float:
        tried.append(source.plan)
        return 1.0

    monkeypatch.setattr(trial, "num_cores", lambda: 2)
    monkeypatch.setattr(trial, "seconds_of", seconds_of)
    job = make_job()
    assert fastest_plan(in_one_piece, job, job.model.initial_state(6), make_window(6)) == Plan()
    assert tried == [Plan()]
