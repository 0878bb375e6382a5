"""The compiled twin of `reader.py` and of `readers.py`, for users who have numba (`charseq[fast]`).

A text has the same bits alone and among others, at whatever place. Import this module only if numba is
installed.
"""

from collections.abc import Sequence

import numpy as np

from charseq.arrays import FloatArray, IndexArray, TokenArray, zeros
from charseq.network.compiled_reading import READ, Reading, scratch_size
from charseq.network.layer import Layer
from charseq.network.panels import Panels, rows_in_panels
from charseq.network.tiles import ROWS
from charseq.network.weights import Weights

DTYPE = np.dtype(np.float32)
"""The type of numbers that is compiled; the others, which only tests use, are left to NumPy."""


def can_compile(layers: Sequence[Layer]) -> bool:
    """Return whether there is compiled code that reads with these layers, in single precision."""
    return layers[0].cell.name in READ


class CompiledReaders:
    """Reads N texts with a network of the given `layers`, with `weights`."""

    def __init__(self, weights: Weights, layers: Sequence[Layer], num_texts: int) -> None:
        cell, H = layers[0].cell, layers[0].hidden_size
        rows = rows_in_panels(cell.num_gates * H)
        matrices = zeros((len(layers), 2, rows // ROWS, H + 1, ROWS), DTYPE)
        for k, (U, W, _) in enumerate(weights.layers):
            matrices[k, 0] = _in_panels(W.T)
            if U is not None:
                matrices[k, 1] = _in_panels(U.T)
        b_h = [one.b_h for one in weights.layers if layers[0].rms_norm]
        V = _in_panels(weights.V.T)
        self._all: IndexArray = np.arange(num_texts)
        self._token = np.zeros(1, np.int32)
        self._states = zeros((len(layers), len(cell.state_names), num_texts, H), DTYPE)
        self._each = self._states.reshape(-1, num_texts, H)
        padded = zeros((num_texts, len(V) * ROWS), DTYPE)
        self._logits: FloatArray = padded[:, : weights.V.shape[1]]
        self._first: FloatArray = self._logits[0]
        self._read = READ[cell.name]
        self._arguments = Reading(
            table=weights.table,
            matrices=matrices,
            b_h=np.array(b_h, DTYPE).reshape(len(b_h), cell.num_gates * H),
            V=V,
            num_summed=(cell.num_gates - cell.has_recurrent_bias) * H,
            states=self._states,
            scratch=zeros((scratch_size(num_texts, H, rows),), DTYPE),
            logits=padded,
        )

    def put_(self, place: int, states: Sequence[FloatArray]) -> None:
        """Let the text at `place` go on from these states (H,), those of each layer, h first."""
        self._each[:, place] = states

    def states(self, place: int) -> list[FloatArray]:
        """Return a copy of the states of the text at `place`."""
        return list(self._each[:, place].copy())

    def read(self, tokens: TokenArray, places: IndexArray | None = None) -> FloatArray:
        """Return the logits (N, V) of the token after each of `tokens` (N,), until the next call.

        With `places` only the texts there, in ascending order, are read, and only their logits mean anything.
        """
        if places is None:
            places = self._all
        self._read(tokens[places], places, *self._arguments)
        return self._logits

    def read_one(self, token: int) -> FloatArray:
        """Return the logits (V,) of the token after `token` of a single text, until the next call."""
        self._token[0] = token
        self._read(self._token, self._all, *self._arguments)
        return self._first

    def save(self) -> FloatArray:
        """Return a copy of what all texts have read."""
        return self._each.copy()

    def spread_(self, saved: FloatArray, places: IndexArray) -> None:
        """Let text k go on from what the text at places[k] had read."""
        np.take(saved, places, axis=1, out=self._each)


def _in_panels(M: FloatArray) -> FloatArray:
    rows, columns = M.shape
    panels = Panels(rows, columns, DTYPE)
    panels.load_(M)
    return panels.memory
