"""The compiled twin of `reader.py` and of `readers.py`, for users who have numba (`charseq[fast]`).

A text has the same bits alone and among others, at whatever place. Import this module only if numba is
installed.
"""

from collections.abc import Sequence

import numpy as np

from charseq.arrays import FloatArray, IndexArray, TokenArray, zeros
from charseq.network.compiled_reading import READ
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
        G, rows = cell.num_gates, rows_in_panels(cell.num_gates * H)
        matrices = zeros((len(layers), 2, rows // ROWS, H, ROWS), DTYPE)
        biases = zeros((len(layers), 2, G * H), DTYPE)
        for k, (U, W, b_h) in enumerate(weights.layers):
            matrices[k, 0] = _in_panels(W[:-1].T)
            biases[k, 0] = b_h
            if U is not None:
                matrices[k, 1], biases[k, 1] = _in_panels(U[:-1].T), U[-1]
        V, c = _in_panels(weights.V[:-1].T), weights.V[-1].copy()
        num_states = len(cell.state_names)
        self._tokens = np.zeros(num_texts, np.int32)
        self._states = zeros((len(layers), num_states, num_texts, H), DTYPE)
        self._each = self._states.reshape(-1, num_texts, H)
        scratch = zeros(((2 * rows + H) * num_texts + 2 * H,), DTYPE)
        padded = zeros((num_texts, len(V) * ROWS), DTYPE)
        self._logits: FloatArray = padded[:, : len(c)]
        self._first: FloatArray = self._logits[0]
        self._read = READ[cell.name]
        self._arguments = (
            *(self._tokens, weights.table, matrices, biases, layers[0].rms_norm, V, c),
            *(self._states, scratch, zeros((ROWS, ROWS), DTYPE), padded),
        )

    def put_(self, place: int, states: Sequence[FloatArray]) -> None:
        """Let the text at `place` go on from these states (H,), those of each layer, h first."""
        self._each[:, place] = states

    def states(self, place: int) -> list[FloatArray]:
        """Return a copy of the states of the text at `place`."""
        return list(self._each[:, place].copy())

    def read(self, tokens: TokenArray) -> FloatArray:
        """Return the logits (N, V) of the token after each of `tokens` (N,), until the next call."""
        self._tokens[...] = tokens
        self._read(*self._arguments)
        return self._logits

    def read_one(self, token: int) -> FloatArray:
        """Return the logits (V,) of the token after `token` of a single text, until the next call."""
        self._tokens[0] = token
        self._read(*self._arguments)
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
