"""The order of the pieces of a text: each token once, pieces whole, and no part of the text at one time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from charseq.text.order import Order

LENGTH, NUM_WINDOWS, NUM_STREAMS = 10_007, 160, 3


def places_of(order: Order, num_windows: int, num_streams: int) -> list[NDArray[np.intp]]:
    return [order.places(window, np.arange(num_streams)) for window in range(num_windows)]


def long_order(piece_length: int = 500, seed: int = 1) -> NDArray[np.intp]:
    """Return the places (L, N) of streams of many pieces."""
    order = Order(LENGTH, NUM_WINDOWS, NUM_STREAMS, piece_length, seed)
    return np.concatenate(places_of(order, NUM_WINDOWS, NUM_STREAMS))


@given(
    length=st.integers(1, 400),
    windows=st.integers(1, 400),
    num_streams=st.integers(1, 4),
    piece_length=st.integers(0, 500),
    seed=st.integers(0, 9),
)
def test_each_stream_reads_each_token_of_its_part_once(
    length: int, windows: int, num_streams: int, piece_length: int, seed: int
) -> None:
    """And its windows are as long as they are in the order of the text."""
    num_windows = min(length, windows)
    order, plain = (Order(length, num_windows, num_streams, one, seed) for one in (piece_length, 0))
    found, expected = (places_of(one, num_windows, num_streams) for one in (order, plain))
    assert [len(window) for window in found] == [len(window) for window in expected]
    np.testing.assert_array_equal(np.sort(np.concatenate(found), axis=0), np.concatenate(expected))


@pytest.mark.parametrize("piece_length", [0, 6700, 10**9])
def test_one_piece_is_the_text_in_its_order(piece_length: int) -> None:
    """With a length of 0, and where a part is too short for two pieces."""
    expected = np.arange(LENGTH)[:, None] + LENGTH * np.arange(NUM_STREAMS)
    np.testing.assert_array_equal(long_order(piece_length), expected)


def test_pieces_are_read_whole() -> None:
    """About every 500 tokens a stream goes to another place; between them it goes on."""
    jumps = np.diff(long_order(500), axis=0) != 1
    begins = np.flatnonzero(jumps.any(axis=1)) + 1
    assert len(begins) == pytest.approx(LENGTH / 500, abs=2)
    assert np.diff(begins).min() >= 450
    assert jumps[begins - 1].mean() > 0.85  # a piece may follow on the one before it by chance


def test_a_little_of_everything_is_read_at_any_time() -> None:
    """No quarter of an epoch lacks any fifth of a part, over all streams."""
    fifths = long_order(100) % LENGTH * 5 // LENGTH
    for quarter in np.array_split(fifths, 4):
        assert (np.bincount(quarter.ravel()) / quarter.size).min() > 0.1


def test_streams_have_orders_of_their_own() -> None:
    """Not all go to the same place of their parts at once."""
    within = long_order() - LENGTH * np.arange(NUM_STREAMS)
    assert not np.array_equal(within[:, 0], within[:, 1])


def test_the_seed_decides_the_order() -> None:
    """The same one gives the same order, another one another."""
    np.testing.assert_array_equal(long_order(seed=1), long_order(seed=1))
    assert not np.array_equal(long_order(seed=1), long_order(seed=2))


def test_the_places_of_some_streams_are_theirs() -> None:
    """A rank that reads some streams only reads them as one that reads all."""
    order = Order(LENGTH, NUM_WINDOWS, NUM_STREAMS, 500, 1)
    some = order.places(77, np.array([1, 2]))
    np.testing.assert_array_equal(some, order.places(77, np.arange(NUM_STREAMS))[:, 1:])
