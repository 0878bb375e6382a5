"""The moving average of the parameters, which is often better than the latest ones."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from charseq.arrays import FloatArray
from charseq.network.parameters import Gradient, Parameters
from charseq.optim.optimizer import PART_SIZE

LEAST_REST = 1e-30
"""The rest of an old average when the share of a new vector is 1: nothing, but with a logarithm."""


class Average:
    """The exponential moving average of the parameters w(1), w(2), ... after each step.

        a(t) = a(t-1) + (w(t) - a(t-1)) / max(1, span * t)

    It looks back over a share `span` of the t steps so far, however many there will be: the first steps are
    soon forgotten, and the average is smoother the longer the run. With a span of 0 there is no average.
    Sources: Polyak and Juditsky 1992 for the average; Karras et al. 2024 (arXiv:2312.02696) for a span that
    grows with the run.
    """

    def __init__(self, params: Parameters, span: float) -> None:
        self.span, self._params = span, params
        self.values = params.flat.copy()
        self._term = np.empty_like(params.flat[:PART_SIZE])

    @classmethod
    def of(cls, params: Parameters, span: float, *, by_rows: bool) -> "Average":
        """Return an average of `params`; with `by_rows`, one for which only touched entries are work."""
        return AverageByRows(params, span) if by_rows and span else Average(params, span)

    def now(self) -> FloatArray:
        """Return a(t) for the latest step."""
        return self.values

    def prepare_(self, grads: Gradient, before: Mapping[str, FloatArray]) -> None:
        """Take note of the rows that the next step will change: `before` is `grads.of(params)`."""

    def add_(self, grads: Gradient, step: int, after: Mapping[str, FloatArray]) -> None:
        """Move towards the parameters after the step numbered `step`, counted from 1.

        `grads` is the gradient of this step. If it touched rows only, `after` is `grads.of(params)`.
        """
        if self.span:
            self._move_(self.values, self._params.flat, self._share(step))

    def arrays(self) -> Iterator[tuple[str, FloatArray]]:
        """Yield by name the arrays that resuming needs."""
        if self.span:
            yield "average", self.values

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the parameters hold the average within the block, and their own values again after it."""
        latest = self._params.flat
        kept, average = latest.copy(), self.now()
        latest[...] = average
        try:
            yield
        finally:
            latest[...] = kept

    def _share(self, step: int) -> float:
        return 1 / max(1.0, self.span * step)

    def _move_(self, average: FloatArray, latest: FloatArray, share: float) -> None:
        for begin in range(0, latest.size, PART_SIZE):
            values, new = average[begin : begin + PART_SIZE], latest[begin : begin + PART_SIZE]
            term = np.subtract(new, values, out=self._term[: new.size])
            term *= share
            values += term


class AverageByRows(Average):
    """The same average, in which an entry of a table costs time only at the steps that touch it.

    While the entry w stays as it is, each step multiplies a(t) - w by 1 - 1 / max(1, span * t). So what was
    put off is one factor, and it is made up for before w changes: `rests` holds the logarithm of the product
    of these factors over all steps, and for each entry of a table its value when a(t) was last computed.
    """

    def __init__(self, params: Parameters, span: float) -> None:
        super().__init__(params, span)
        self._views = params.views(self.values)
        self._rest = np.zeros(1)
        self._rests = {name: np.zeros(params.shapes[name][axis]) for name, axis in params.tables.items()}
        self._rows: dict[str, FloatArray] = {}

    def prepare_(self, grads: Gradient, before: Mapping[str, FloatArray]) -> None:
        """Compute a(t-1) for the rows of tables that the next step will change."""
        self._rows = grads.of(self._views)
        for name, tokens in grads.touched.items():
            self._make_up_(self._rows[name], before[name], self._rests[name][tokens])

    def add_(self, grads: Gradient, step: int, after: Mapping[str, FloatArray]) -> None:
        """Move towards the parameters after a step; in touched tables, only the touched rows."""
        share = self._share(step)
        self._rest += math.log(max(1 - share, LEAST_REST))
        for name in grads:
            tokens = grads.touched.get(name)
            average, latest = (self._views, self._params) if tokens is None else (self._rows, after)
            self._move_(average[name].reshape(-1), latest[name].reshape(-1), share)
            if name in self._rests:
                self._rests[name][... if tokens is None else tokens] = self._rest
        grads.put_(self._rows, self._views)

    def now(self) -> FloatArray:
        """Return a copy with a(t) for the latest step; what was put off stays so, as resuming needs it."""
        values = self.values.copy()
        views = self._params.views(values)
        for name, rests in self._rests.items():
            axis = self._params.tables[name]
            average, latest = (np.moveaxis(one[name], axis, 0) for one in (views, self._params))
            self._make_up_(average, latest, rests)
        return values

    def arrays(self) -> Iterator[tuple[str, FloatArray]]:
        """Yield by name the arrays that resuming needs."""
        yield from super().arrays()
        yield "average.rest", self._rest
        for name, rests in self._rests.items():
            yield f"average.rest.{name}", rests

    def _make_up_(self, average: FloatArray, latest: FloatArray, rests: FloatArray) -> None:
        """Turn rows of an older average into those of now, by the factor of the steps between."""
        factor = np.exp(self._rest - rests).astype(average.dtype)
        average -= latest
        average *= factor.reshape(-1, *(1,) * (average.ndim - 1))
        average += latest
