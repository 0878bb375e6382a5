"""Truncation: how far the gradient of short windows is from the whole one, in angle and in length.

Truncated backpropagation carries the state into the next window, but no gradient back from it. Here some
pieces of a text are read with fixed weights, once in one window and then in windows of 1, 2, 4, ... steps.
The gradients of the same loss are compared, without that of the output layer, which looks back at no step.
Real-time recurrent learning in windows of one step is the check: its gradient is the whole one.

Sources: Williams and Peng 1990, "An efficient gradient-based algorithm for on-line training of recurrent
network trajectories"; Tallec and Ollivier 2017, "Unbiasing truncated backpropagation through time".
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charseq.arrays import FloatArray
from charseq.errors import DataError
from charseq.gradients import GradientSource, Job, Plan
from charseq.gradients.rtrl import Cost, RealTime
from charseq.gradients.step import batch_weight
from charseq.gradients.whole import Whole
from charseq.network import CharModel, State
from charseq.text import UNSEEN
from charseq.text.batches import Window
from charseq.text.codec import Codec

STEPS, STREAMS = 256, 8
"""The most steps of a piece of text, and the most pieces that are read side by side."""
WARMUP = 128
"""The steps that are read before a piece, so that it begins in the state of running text."""
MAX_PRODUCTS = 2 * 10**10
"""The most multiplications for the check by real-time recurrent learning; larger networks go without."""


@dataclass(frozen=True, slots=True)
class TruncatedGradient:
    """The gradient of windows of some steps, compared with the whole one.

    `angle` is the angle between them in degrees, `length` the length of this one divided by that of the whole
    one. `method` is a key of SOURCES.
    """

    method: str
    window: int
    angle: float
    length: float


@dataclass(frozen=True, slots=True)
class Truncation:
    """The gradients of windows of 1, 2, 4, ... steps, on `num_streams` pieces of `num_steps` steps each."""

    num_steps: int
    num_streams: int
    gradients: tuple[TruncatedGradient, ...]


def truncation(
    model: CharModel, codec: Codec, text: str, *, num_steps: int = STEPS, num_streams: int = STREAMS
) -> Truncation:
    """Compare the gradients on pieces that are evenly spread over `text`; a short text has shorter ones.

    Everything is computed in float64, without dropout. Raises DataError for a text that is too short.
    """
    pieces = _Pieces(model, codec, text, num_steps, num_streams)
    whole = pieces.gradient("bptt", pieces.num_steps)
    if not whole.any():
        raise DataError("too short for gradients: no known character has another one before it")
    found = [
        _compared("bptt", window, pieces.gradient("bptt", window), whole)
        for window in _windows(pieces.num_steps)
    ]
    if pieces.can_check:
        found.append(_compared("rtrl", 1, pieces.gradient("rtrl", 1), whole))
    return Truncation(pieces.num_steps, pieces.num_streams, tuple(found))


class _Pieces:
    """Pieces of a text side by side, and a float64 copy of the model that reads them."""

    def __init__(self, model: CharModel, codec: Codec, text: str, num_steps: int, num_streams: int) -> None:
        config = model.config.model_copy(update={"dropout": 0.0})
        self._model = CharModel(config, model.vocab_size, np.float64)
        self._model.params.flat[...] = model.params.flat
        self._inputs, self._targets, starts, _ = codec.examples(text)
        num_tokens = len(self._targets)
        if num_tokens < 2:
            raise DataError("too short for gradients: no character has another one before it")
        self.num_steps = min(num_steps, 1 << (num_tokens.bit_length() - 1))
        self.num_streams = max(1, min(num_streams, num_tokens // self.num_steps))
        ends = np.linspace(0, num_tokens - self.num_steps, self.num_streams)
        self._begins = ends.round().astype(np.intp)
        places = np.arange(num_tokens)
        self._starts = places == 0 if starts is None else starts
        self._state = self._warm()
        cost = Cost.of(config, model.vocab_size)
        num_products = cost.products * self.num_steps * self.num_streams
        self.can_check = len(self._model.layers) == 1 and num_products <= MAX_PRODUCTS

    def gradient(self, method: str, window: int) -> FloatArray:
        """Return the gradient of the mean loss in windows of some steps, without the output layer."""
        state = State({name: array.copy() for name, array in self._state.arrays.items()})
        job = Job(self._model, window, self.num_streams, resets=True, seed=0)
        source: GradientSource = RealTime(job, state) if method == "rtrl" else Whole(job, state, Plan())
        names = [name for name in self._model.params if not name.startswith("projection.")]
        total = np.zeros(sum(self._model.params[name].size for name in names))
        with source, np.errstate(over="ignore", invalid="ignore"):  # a gradient may explode
            for part in self._parts(window):
                _, grads = source.gradient(part, 0)
                total += batch_weight(part) * np.concatenate([grads[name].ravel() for name in names])
        return total / (self.num_steps * self.num_streams)

    def _parts(self, window: int) -> Iterator[Window]:
        for first in range(0, self.num_steps, window):
            yield self._window(self._begins + np.arange(first, first + window)[:, None])

    def _window(self, places: NDArray[np.intp]) -> Window:
        targets = self._targets[places]
        return Window(self._inputs[places], targets, self._starts[places], (targets != UNSEEN) * 1.0)

    def _warm(self) -> State:
        """Return the state of each stream at the beginning of its piece."""
        state = self._model.initial_state(self.num_streams)
        work = self._model.workspace(WARMUP, self.num_streams, resets=True, backward=False)
        places = np.maximum(self._begins + np.arange(-WARMUP, 0)[:, None], 0)
        self._model.forward(self._inputs[places], state, work, resets=self._starts[places])
        return state


def _windows(num_steps: int) -> list[int]:
    return [1 << k for k in range(num_steps.bit_length())]


def _compared(method: str, window: int, gradient: FloatArray, whole: FloatArray) -> TruncatedGradient:
    """Compare two gradients; the angle is exact also where it is tiny. Source: Kahan 2006."""
    length, whole_length = float(np.linalg.norm(gradient)), float(np.linalg.norm(whole))
    if not length:
        return TruncatedGradient(method, window, math.nan, 0.0)
    a, b = gradient / length, whole / whole_length
    angle = 2 * math.atan2(float(np.linalg.norm(a - b)), float(np.linalg.norm(a + b)))
    return TruncatedGradient(method, window, math.degrees(angle), length / whole_length)
