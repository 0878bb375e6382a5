"""The reach of a network into the past: the gradient of a character's loss at the state k steps before.

The gradient of a vanilla network vanishes or explodes from step to step; that of a gated one may last. This
module measures it on a trained model. Sources: Bengio, Simard and Frasconi 1994, "Learning long-term
dependencies with gradient descent is difficult"; Pascanu, Mikolov and Bengio 2013, "On the difficulty of
training recurrent neural networks".
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charseq.arrays import BoolArray, FloatArray, TokenArray
from charseq.errors import DataError
from charseq.network import CharModel, State
from charseq.network.loss import cross_entropy_
from charseq.text import UNSEEN
from charseq.text.codec import Codec

LAGS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
"""Steps back in time at which the gradient is measured."""
MIN_SHARE = 0.1
"""A lag is measured if at least this share of the characters has that many steps before it."""
WARMUP = 128
"""Characters read, from the zero state, before the longest lag: by then the state is that of running text."""
STREAMS = 16
"""Positions that are read together; more would take more memory and little less time."""


@dataclass(frozen=True, slots=True)
class GradientFlow:
    """The norms of d(-log p of a character) / d(a layer's state so many steps earlier).

    Lag 1 is the state that enters the step which predicts the character; lag k is the state k - 1 steps
    before that. A layer's state is all that it carries on: h, and C if there is one. `norms` is (layers,
    lags, N), in nats per unit of the state; `positions` (N,) are the places of the characters in the text.
    """

    lags: tuple[int, ...]
    positions: NDArray[np.intp]
    norms: FloatArray

    @property
    def median(self) -> FloatArray:
        """The median over the positions, (layers, lags)."""
        return self.quantile(0.5)

    def quantile(self, share: float) -> FloatArray:
        """Return a quantile over the positions, (layers, lags): 0.25 is the lower quartile."""
        quantile: FloatArray = np.quantile(self.norms, share, axis=-1)
        return quantile

    def factors_per_step(self) -> list[float | None]:
        """Return for each layer the factor by which one step further back multiplies the median.

        It is the geometric mean from the first lag to the last lag whose median is not zero; None if these
        are the same lag.
        """
        return [_factor(self.lags, median) for median in self.median]

    def hundredth_lags(self) -> list[int | None]:
        """Return for each layer the first lag whose median is below 1/100 of the first median, or None."""
        below = self.median < self.median[:, :1] / 100
        return [self.lags[row.argmax()] if row.any() else None for row in below]


def gradient_flow(
    model: CharModel,
    codec: Codec,
    text: str,
    *,
    num_positions: int = 64,
    lags: Sequence[int] = LAGS,
) -> GradientFlow:
    """Measure the gradient at `num_positions` places, evenly spread over `text`, or fewer in a short text.

    The places are the same for all lags: characters of the vocabulary that have at least as many steps
    before them as the longest lag. If the unit is a line, these steps are in the same line, since the
    gradient across a restart is always zero. `lags` rise; the longest one that is used is the last that
    MIN_SHARE of the known characters have before them. Dropout is off, and everything is computed in
    float64, since a gradient may be too small for float32. Raises DataError for a text that is too short.
    """
    inputs, targets, starts, first_tokens = codec.examples(text)
    places = np.arange(len(targets))
    begins = places == 0 if starts is None else starts
    behind = places - np.maximum.accumulate(np.where(begins, places, 0))
    known = targets != UNSEEN
    if first_tokens is not None:
        known &= first_tokens
    enough = max(1, MIN_SHARE * np.sum(known))
    lags = tuple(lag for lag in lags if np.sum(known & (behind >= lag)) >= enough)
    if not lags:
        raise DataError("too short for gradients: hardly any known character has another one before it")
    able = np.flatnonzero(known & (behind >= lags[-1]))
    positions = able[np.linspace(0, len(able) - 1, min(num_positions, len(able))).round().astype(np.intp)]
    meter = Meter(model, inputs, targets, begins)
    parts = np.array_split(positions, -(-len(positions) // STREAMS))
    with np.errstate(over="ignore", invalid="ignore"):  # a gradient may explode
        norms = np.concatenate([meter.norms(part, lags) for part in parts], axis=-1)
    return GradientFlow(lags, positions, norms)


class Meter:
    """A float64 copy of the model, which reads a text up to some positions and goes back in time."""

    def __init__(self, model: CharModel, inputs: TokenArray, targets: TokenArray, begins: BoolArray) -> None:
        self._model = CharModel(model.config, model.vocab_size, np.float64)
        self._model.params.flat[...] = model.params.flat
        self._grads = self._model.params.like()
        self._inputs, self._targets, self._begins = inputs, targets, begins

    def norms(self, positions: NDArray[np.intp], lags: tuple[int, ...]) -> FloatArray:
        """Return the norms of the gradient, (layers, lags, N); the longest lag is computed first."""
        model, num_streams = self._model, len(positions)
        work = model.workspace(max(WARMUP, lags[-1]), num_streams, resets=True)
        state = model.initial_state(num_streams)

        def read(first: int, end: int, state: State) -> FloatArray:
            """Read steps `first` to `end`, counted from the positions; before the text, read its first."""
            places = np.maximum(positions + np.arange(first, end)[:, None], 0)
            return model.forward(self._inputs[places], state, work, resets=self._begins[places])

        norms = np.empty((len(model.layers), len(lags), num_streams))
        reached = 1 - lags[-1] - WARMUP
        for k, lag in reversed(list(enumerate(lags))):
            read(reached, 1 - lag, state)
            reached = 1 - lag
            start = State({name: array.copy() for name, array in state.arrays.items()})
            logits = read(reached, 1, start)
            logits[:-1] = 0
            cross_entropy_(logits[-1:], self._targets[positions[None]], total_weight=1)
            dh = model.projection.backward(logits, work.h, model.params, self._grads, out=work.dh)
            model.backward(dh, work, self._grads)
            norms[:, k] = self._norms_of(model.state_gradient(work))
        return norms

    def _norms_of(self, gradient: State) -> FloatArray:
        """Return the norm for each layer and stream, (layers, N), without squares that could underflow."""
        states = [gradient.layer(layer.name, layer.cell.state_names) for layer in self._model.layers]
        return np.stack([np.hypot.reduce(np.concatenate(arrays, axis=1), axis=1) for arrays in states])


def _factor(lags: tuple[int, ...], median: FloatArray) -> float | None:
    last = max(np.flatnonzero(median), default=0)
    if last == 0 or median[0] == 0:
        return None
    return float(np.exp((np.log(median[last]) - np.log(median[0])) / (lags[last] - lags[0])))
