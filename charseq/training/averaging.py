"""The moving average of the parameters, which is often better than the latest ones."""

import math
from collections.abc import Iterator
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

    def prepare_(self, grads: Gradient) -> None:
        """Take note of the entries that the next step will change."""

    def add_(self, grads: Gradient, step: int) -> None:
        """Move towards the parameters after the step numbered `step`, counted from 1, with this gradient."""
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
        self._entries: dict[str, FloatArray] = {}

    def prepare_(self, grads: Gradient) -> None:
        """Compute a(t-1) for the entries of tables that the next step will change."""
        for name, tokens in grads.touched.items():
            axis = grads.tables[name]
            average, latest = (np.take(a, tokens, axis=axis) for a in (self._views[name], self._params[name]))
            self._entries[name] = self._made_up(average, latest, name, self._rests[name][tokens])

    def add_(self, grads: Gradient, step: int) -> None:
        """Move towards the parameters after a step; in touched tables, only the touched entries."""
        share = self._share(step)
        self._rest += math.log(max(1 - share, LEAST_REST))
        for name in grads:
            tokens = grads.touched.get(name)
            if tokens is None:
                self._move_(self._views[name].reshape(-1), self._params[name].reshape(-1), share)
                if name in self._rests:
                    self._rests[name][...] = self._rest
                continue
            latest = np.take(self._params[name], tokens, axis=grads.tables[name])
            average = self._entries[name]
            average += (latest - average) * share
            self._views[name][grads.index(name, tokens)] = average
            self._rests[name][tokens] = self._rest

    def now(self) -> FloatArray:
        """Return a copy with a(t) for the latest step; what was put off stays so, as resuming needs it."""
        values = self.values.copy()
        for name, average in self._params.views(values).items():
            if name in self._rests:
                average[...] = self._made_up(average, self._params[name], name, self._rests[name])
        return values

    def arrays(self) -> Iterator[tuple[str, FloatArray]]:
        """Yield by name the arrays that resuming needs."""
        yield from super().arrays()
        yield "average.rest", self._rest
        for name, rests in self._rests.items():
            yield f"average.rest.{name}", rests

    def _made_up(self, average: FloatArray, latest: FloatArray, name: str, rests: FloatArray) -> FloatArray:
        """Return the average that follows from an older one, by the factor of the steps between."""
        axis = self._params.tables[name]
        factor = np.exp(self._rest - rests).reshape(-1, *(1,) * (average.ndim - axis - 1))
        made_up: FloatArray = latest + (average - latest) * factor.astype(average.dtype)
        return made_up
