"""One piece: the gradient of a batch in this process."""

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from charseq.gradients import Plan
from charseq.gradients.whole import Whole
from tests.gradients.builders import make_job, make_window


def test_the_limit_on_threads_is_lifted_afterwards() -> None:
    """Inside the context BLAS has the threads of the plan, behind it those it had before."""
    job, before = make_job(), threadpool_info()
    with Whole(job, job.model.initial_state(6), Plan()):
        assert {pool["num_threads"] for pool in threadpool_info()} == {1}
    assert threadpool_info() == before


def test_the_state_is_advanced_in_place() -> None:
    """Two windows one after the other leave the state of the one window that they make together."""
    job = make_job()
    first, second = make_window(6, num_steps=2), make_window(6, num_steps=3, seed=1)
    both = first._replace(
        inputs=np.vstack([first.inputs, second.inputs]), targets=np.vstack([first.targets, second.targets])
    )
    states = []
    for windows in ([first, second], [both]):
        state = job.model.initial_state(6)
        with Whole(job, state, Plan()) as source:
            for step, window in enumerate(windows):
                source.gradient(window, step)
        states.append(state)
    for name, array in states[0].arrays.items():
        np.testing.assert_allclose(array, states[1].arrays[name], rtol=0, atol=1e-13)


def test_a_window_with_resets_takes_a_job_with_resets() -> None:
    """Streams that begin anew are refused by a job that was said to have none."""
    job = make_job(resets=False)
    with Whole(job, job.model.initial_state(6), Plan()) as source, pytest.raises(ValueError, match="resets"):
        source.gradient(make_window(6, resets=True), 0)
