"""The fastest plan, found by trying: how long a step takes depends on the machine and on all sizes."""

import time

import numpy as np

from charseq.gradients.plan import Plan, num_cores, plans
from charseq.gradients.source import GradientSource, SourceFactory
from charseq.gradients.step import Job
from charseq.network import State
from charseq.text.batches import Window

TRIAL_SECONDS = 0.25
"""Time for which a plan is tried; the best of its steps counts."""
SHORT_SECONDS = 3.0
"""Training no longer than this would be over before a better plan had paid for its trial."""


def fastest_plan(
    make_source: SourceFactory,
    job: Job,
    state: State,
    window: Window,
    *,
    max_steps: int = 0,
    max_time: float = 0.0,
) -> Plan:
    """Return the plan that computes `window` in the least time here and now; `state` is left as it was.

    Where the limits (0: none) say that all is soon over, one core is as good as any.
    """
    if 0 < max_time <= SHORT_SECONDS:
        return Plan()
    best, best_seconds = Plan(), np.inf
    before = {name: array.copy() for name, array in state.arrays.items()}
    for plan in plans(num_cores(), job.num_streams):
        with make_source(job, state, plan) as source:
            if source.plan != plan:  # this source has no such plan
                continue
            seconds = _seconds(source, window)
        if seconds < best_seconds:
            best, best_seconds = plan, seconds
        if 0 < max_steps * seconds <= SHORT_SECONDS:
            break
    for name, array in state.arrays.items():
        array[...] = before[name]
    return best


def _seconds(source: GradientSource, window: Window) -> float:
    """Return how long the window takes, at best, warm."""
    begin, best = time.perf_counter(), np.inf
    source.gradient(window, 0)
    while True:
        start = time.perf_counter()
        source.gradient(window, 0)
        end = time.perf_counter()
        best = min(best, end - start)
        if end - begin > TRIAL_SECONDS:
            return best
