"""Local steps: each rank learns on its own, and an outer optimizer with momentum joins their weights."""

from collections.abc import Callable

import numpy as np
import pytest

from charseq.arrays import even_slices
from charseq.gradients import Job
from charseq.gradients import local as module
from charseq.gradients.local import LocalSteps
from charseq.gradients.step import TrainingStep
from charseq.ranks import World
from charseq.text.batches import Window
from tests.gradients.builders import Array, make_job, make_window
from tests.ranks.threads import on_ranks

RATE, STREAMS, PERIOD = 0.05, 6, 3
FIRST = 300
"""The number of the first step: late enough for rounds of PERIOD steps."""


def trained_on(
    size: int,
    windows: list[Window],
    *,
    make: Callable[[], Job] = lambda: make_job(num_streams=STREAMS),
    spoil: Callable[[World, int, Array], None] = lambda world, step, gradient: None,
) -> list[list[Array]]:
    """Return at each rank the weights after each step of plain gradient descent."""

    def work(world: World) -> list[Array]:
        job, found = make(), list[Array]()
        params = job.model.params
        with LocalSteps(job, job.model.initial_state(STREAMS), world, PERIOD) as source:
            for step, window in enumerate(windows):
                _, grads = source.gradient(window, FIRST + step)
                for name in grads:
                    params[name][...] -= RATE * grads[name]
                spoil(world, step, params.flat)
                source.after_step(params)
                assert source.is_settled == (step % PERIOD == PERIOD - 1)
                found.append(params.flat.copy())
        return found

    return on_ranks(size, work)


def by_the_paper(size: int, windows: list[Window]) -> list[Array]:
    """Return the weights after each round: algorithm 1 of Douillard et al. 2023, replica by replica."""
    theta = make_job(num_streams=STREAMS).model.params.flat.copy()
    velocity, rounds = np.zeros_like(theta), list[Array]()
    jobs = [make_job(num_streams=STREAMS) for _ in range(size)]
    parts = even_slices(STREAMS, size)
    steps = [
        TrainingStep(job, job.model.initial_state(STREAMS), part)
        for job, part in zip(jobs, parts, strict=True)
    ]
    for begin in range(0, len(windows), PERIOD):
        outer_gradient = np.zeros_like(theta)
        for job, step, part in zip(jobs, steps, parts, strict=True):
            job.model.params.flat[...] = theta
            for number, window in enumerate(windows[begin : begin + PERIOD], start=begin):
                own = Window(window.inputs[:, part], window.targets[:, part], None)
                step(own, number, total_weight=own.targets.size)
                job.model.params.flat[...] -= RATE * step.grads.flat
            outer_gradient += (theta - job.model.params.flat) / size
        velocity = module.OUTER_MOMENTUM * velocity + outer_gradient
        theta = theta - module.OUTER_RATE * (outer_gradient + module.OUTER_MOMENTUM * velocity)
        rounds.append(theta)
    return rounds


@pytest.mark.parametrize("size", [2, 3])
def test_rounds_are_those_of_the_paper(size: int) -> None:
    """After each round every rank has the weights of the algorithm, and the same bits as the others."""
    windows = [make_window(STREAMS, seed=k) for k in range(3 * PERIOD)]
    expected, (first, *others) = by_the_paper(size, windows), trained_on(size, windows)
    for number, theta in enumerate(expected):
        np.testing.assert_allclose(first[PERIOD * number + PERIOD - 1], theta, rtol=0, atol=1e-12)
    for other in others:
        np.testing.assert_array_equal(other[PERIOD - 1 :: PERIOD], first[PERIOD - 1 :: PERIOD])
        assert (other[0] != first[0]).any(), "within a round each rank learns on its own"


@pytest.mark.parametrize("period", [1, 7, 50])
def test_rounds_are_short_at_first(period: int) -> None:
    """They begin with one step and grow to the whole period, which ends at each of its multiples."""
    ends, step = list[int](), 0
    while step < 2 * module.EARLY_SHARE * period:
        step = module.end_of_round(step, period)
        ends.append(step)
    assert ends[:5] == [1, 2, 3, 4, 5]
    assert set(range(period, step, period)) <= set(ends)
    lengths = np.diff([0, *ends])
    assert all(
        length <= max(1, (end - length) // module.EARLY_SHARE)
        for length, end in zip(lengths, ends, strict=True)
    )
    assert lengths.max() == lengths[-1] == period


def test_frozen_parameters_stay_to_the_last_bit() -> None:
    """The mean of three equal numbers may differ from them in the last bit; frozen ones are not averaged."""

    def make() -> Job:
        job = make_job(num_streams=STREAMS, dtype=np.float32)
        return Job(job.model, job.num_steps, STREAMS, resets=False, seed=3, frozen=frozenset({"layers.0.W"}))

    before = make().model.params["layers.0.W"].copy()
    views = make().model.params.views
    for found in trained_on(3, [make_window(STREAMS, seed=k) for k in range(PERIOD)], make=make):
        np.testing.assert_array_equal(views(found[-1])["layers.0.W"], before)


def test_all_ranks_learn_at_the_end_of_a_round_that_one_has_diverged() -> None:
    """Until then its weights are finite; then those of all are nan, which the trainer recovers from."""

    def spoil(world: World, step: int, params: Array) -> None:
        if (world.rank, step) == (1, 1):
            params[0] = np.inf

    for found in trained_on(2, [make_window(STREAMS, seed=k) for k in range(PERIOD)], spoil=spoil):
        assert np.isfinite(found[:-1]).all()
        assert np.isnan(found[-1]).all()


def test_a_run_that_ends_within_a_round_ends_the_round() -> None:
    """Before the last validation the weights of all ranks are joined."""

    def work(world: World) -> Array:
        job = make_job(num_streams=STREAMS)
        with LocalSteps(job, job.model.initial_state(STREAMS), world, PERIOD) as source:
            _, grads = source.gradient(make_window(STREAMS), FIRST)
            job.model.params.flat[...] -= RATE * grads.flat
            source.after_step(job.model.params)
            source.settle_(job.model.params)
            source.settle_(job.model.params)  # no second time
        return job.model.params.flat.copy()

    first, second = on_ranks(2, work)
    np.testing.assert_array_equal(first, second)
