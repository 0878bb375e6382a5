"""The fastest plan, found by trial, because the time of a step depends on the machine and on all sizes."""

import time

import numpy as np

from charseq.gradients.plan import Plan, num_cores, plans
from charseq.gradients.source import GradientSource, SourceFactory
from charseq.gradients.step import Job
from charseq.network import State
from charseq.text.batches import Window

TRIAL_SECONDS = 0.25
"""The time in seconds for which a plan is tried; its fastest step counts."""
SHORT_SECONDS = 3.0
"""Training of at most this many seconds is too short to save as much time as the trial takes."""


def fastest_plan(
    make_source: SourceFactory,
    job: Job,
    state: State,
    window: Window,
    *,
    max_steps: int = 0,
    max_time: float = 0.0,
) -> Plan:
    """Return the plan that computes `window` in the least time on this machine; `state` is left as it was.

    `max_steps` and `max_time`, in seconds, are the limits of the training, 0 for none. If training will be
    short, no further plans are tried.
    """
    if 0 < max_time <= SHORT_SECONDS:
        return Plan()
    best, best_seconds = Plan(), np.inf
    before = {name: array.copy() for name, array in state.arrays.items()}
    for plan in plans(num_cores(), job.num_streams):
        with make_source(job, state, plan) as source:
            if source.plan != plan:  # this source has no such plan
                continue
            seconds = seconds_of(source, window)
        if seconds < best_seconds:
            best, best_seconds = plan, seconds
        if 0 < max_steps * seconds <= SHORT_SECONDS:
            break
    for name, array in state.arrays.items():
        array[...] = before[name]
    return best


def seconds_of(source: GradientSource, window: Window) -> float:
    """Return the shortest time that the window takes, in seconds, after a warm-up."""
    begin, best = time.perf_counter(), np.inf
    source.gradient(window, 0)
    while True:
        start = time.perf_counter()
        source.gradient(window, 0)
        end = time.perf_counter()
        best = min(best, end - start)
        if end - begin > TRIAL_SECONDS:
            return best
