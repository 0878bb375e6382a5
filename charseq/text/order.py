"""The order in which parallel streams read a text: piece by piece, and each stream in an order of its own.

A stream that reads its part from the beginning to the end sees scene after scene, and what a network has
learnt last it knows best: it then predicts some texts better than others. Pieces in random order show it a
bit of everything at any time.
"""

import numpy as np
from numpy.typing import NDArray

ORDER_SEED = 3
"""The number that makes the random numbers of the order others than those for weights and dropout."""


class Order:
    """The places at which N streams, each a part of `length` tokens of a text, read their windows.

    A part has `num_windows` windows of nearly equal length, and pieces of about `piece_length` tokens, each
    of whole windows. Each stream reads its pieces in a random order of its own. A piece takes the place of
    one of the same length, so that a window is as long for all streams. With a `piece_length` of 0 there is
    one piece, the whole part.
    """

    def __init__(self, length: int, num_windows: int, num_streams: int, piece_length: int, seed: int) -> None:
        self._length, self._num_windows = length, num_windows
        num_pieces = max(1, min(round(length / piece_length), num_windows)) if piece_length else 1
        self._first_windows = num_windows * np.arange(num_pieces + 1) // num_pieces
        begins = length * self._first_windows // num_windows
        lengths, rng = np.diff(begins), np.random.default_rng([seed, ORDER_SEED])
        self._shifts = np.zeros((num_pieces, num_streams), np.intp)
        for one in np.unique(lengths) if num_pieces > 1 else ():
            places = begins[:-1][lengths == one, None]
            self._shifts[lengths == one] = rng.permuted(places.repeat(num_streams, 1), axis=0) - places

    def places(self, window: int, streams: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the places (T, n) in the text of a window's targets, for these n streams."""
        begin, end = (self._length * number // self._num_windows for number in (window, window + 1))
        piece = np.searchsorted(self._first_windows, window, "right") - 1
        firsts = self._length * streams + self._shifts[piece, streams]
        places: NDArray[np.intp] = np.arange(begin, end)[:, None] + firsts
        return places
