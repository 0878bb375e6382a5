"""Cold starts: few streams of many windows, and none where lines begin anew anyway."""

import numpy as np

from charseq.text import UNSEEN
from charseq.training.cold_starts import COLD_STARTS, begin_anew_
from tests.gradients.builders import make_job, make_window

STREAMS = 2000


def test_a_few_streams_begin_without_context() -> None:
    """They read UNSEEN from a zero state; the others keep their states and their text."""
    window, state = make_window(STREAMS), make_job().model.initial_state(STREAMS)
    inputs = window.inputs.copy()
    for array in state.arrays.values():
        array.fill(1)
    cold = begin_anew_(window, state, np.random.default_rng(0))
    assert cold is not None
    assert abs(cold.mean() - COLD_STARTS) < COLD_STARTS
    assert (window.inputs[0, cold] == UNSEEN).all()
    np.testing.assert_array_equal(window.inputs[:, ~cold], inputs[:, ~cold])
    for array in state.arrays.values():
        np.testing.assert_array_equal(array.any(axis=1), ~cold)


def test_lines_are_left_alone() -> None:
    """Each begins from the zero state as it is."""
    window = make_window(STREAMS, resets=True)
    assert begin_anew_(window, make_job().model.initial_state(STREAMS), np.random.default_rng(0)) is None
