"""The state of many streams."""

import numpy as np

from charseq.network import State


def test_streams_are_taken_in_any_order_and_more_than_once() -> None:
    """Each array has the rows that were asked for."""
    state = State({"a": np.arange(6).reshape(3, 2), "b": np.array([7.0, 8.0, 9.0])})
    taken = state.take(np.array([2, 0, 2]))
    np.testing.assert_array_equal(taken.arrays["a"], [[4, 5], [0, 1], [4, 5]])
    np.testing.assert_array_equal(taken.arrays["b"], [9, 7, 9])


def test_what_is_taken_is_a_copy() -> None:
    """A change of the new state does not reach the old one."""
    state = State({"a": np.zeros((2, 1))})
    state.take(np.array([0, 1])).arrays["a"][:] = 1
    assert not state.arrays["a"].any()
