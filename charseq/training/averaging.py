"""The moving average of the parameters, which is often better than the latest ones."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from charseq.arrays import FloatArray
from charseq.optim.optimizer import PART_SIZE


class Average:
    """The exponential moving average of vectors w(1), w(2), ..., the parameters after each step.

        a(t) = a(t-1) + (w(t) - a(t-1)) / max(1, span * t)

    `values` holds a(t). It looks back over a share `span` of the t steps so far, however many there will be:
    the first steps are soon forgotten, and the average is smoother the longer the run. With a span of 0 there
    is no average.
    Sources: Polyak and Juditsky 1992 for the average; Karras et al. 2024 (arXiv:2312.02696) for a span that
    grows with the run.
    """

    def __init__(self, first: FloatArray, span: float) -> None:
        self.span = span
        self.values = first.copy()
        self._term = np.empty_like(first[:PART_SIZE])

    def add_(self, latest: FloatArray, step: int) -> None:
        """Move towards the vector after the step numbered `step`, counted from 1."""
        if not self.span:
            return
        share = 1 / max(1.0, self.span * step)
        for begin in range(0, latest.size, PART_SIZE):
            values, new = self.values[begin : begin + PART_SIZE], latest[begin : begin + PART_SIZE]
            term = np.subtract(new, values, out=self._term[: new.size])
            term *= share
            values += term

    @contextmanager
    def in_place_of(self, latest: FloatArray) -> Iterator[None]:
        """Let `latest` hold the average within the block, and its own values again after it."""
        kept = latest.copy()
        latest[...] = self.values
        try:
            yield
        finally:
            latest[...] = kept
