"""A reader of one stream, one token at a time, which computes in advance all that it can.

The first layer's U x(t) + b is looked up in a table that has a row for each token. In the other products the
bias is the last row of the matrix, and each input ends with a 1. Each layer has two steps, used in turn: each
starts from the state that the other one left, so that no state is copied.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from charseq.arrays import FloatArray, zeros
from charseq.cells import Cell, Step
from charseq.cells.cell import CellArrays
from charseq.network.layer import Layer
from charseq.network.normalisation import Normalisation
from charseq.network.weights import LayerWeights, Weights


class Turn(NamedTuple):
    """One step of a layer: a_x is x U, a_h is h W, and the cell writes its output to `h_next`."""

    U: FloatArray | None  # (D + 1, G*H), the last row is b; None for the first layer
    W: FloatArray  #       (H + 1, G*H), the last row is b_h; it is zero without one, and before a norm
    a_x: FloatArray  #     (G*H,)
    a_h: FloatArray  #     (G*H,)
    h: FloatArray  #       (H + 1,), ending with 1
    h_next: FloatArray  #  (H + 1,), ending with 1
    cell: Cell[Any]
    step: Step
    norm: Normalisation | None
    b_h: FloatArray  #     (G*H,), added after the norm


class Reader:
    """Reads one stream with a network of the given `layers` and `weights`, starting from the zero state."""

    def __init__(self, weights: Weights, layers: Sequence[Layer]) -> None:
        self._states: list[FloatArray] = []
        turns = [self._two_turns(*pair) for pair in zip(layers, weights.layers, strict=True)]
        self._turns = tuple(zip(*turns, strict=True))
        self._turn = 0
        self._table, self._V = weights.table, weights.V
        self._logits = np.empty(self._V.shape[1], self._V.dtype)

    def reset_(self) -> None:
        """Go back to the zero state."""
        for state in self._states:
            state.fill(0)

    def save(self) -> tuple[int, list[FloatArray]]:
        """Return a copy of the states, for `restore_`."""
        return self._turn, [slots[self._turn].copy() for slots in self._states]

    def restore_(self, saved: tuple[int, list[FloatArray]]) -> None:
        """Go back to the state in which `save` was called; reading on gives the same bits as it did there."""
        self._turn = saved[0]  # the other slot is aligned differently, so products may round differently
        for slots, state in zip(self._states, saved[1], strict=True):
            slots[self._turn] = state

    def pack(self, saved: tuple[int, list[FloatArray]]) -> dict[str, FloatArray]:
        """Return as arrays by name what `save` returned, for a file."""
        states = {f"state.{k}": state for k, state in enumerate(saved[1])}
        return {"turn": np.array(saved[:1]), **states}

    def unpack(self, arrays: Mapping[str, Any]) -> tuple[int, list[FloatArray]]:
        """Return what `pack` was given. Raises ValueError if the arrays of a file cannot be that."""
        names = [f"state.{k}" for k in range(len(self._states))]
        if sorted(arrays) != sorted(["turn", *names]):
            raise ValueError(f"its arrays are not those of {len(names)} states")
        turn = arrays["turn"]
        if turn.shape != (1,) or turn.dtype.kind not in "iu" or turn[0] not in (0, 1):
            raise ValueError("its turn is neither 0 nor 1")
        for name, slots in zip(names, self._states, strict=True):
            array = arrays[name]
            if array.shape != slots[0].shape or array.dtype != slots.dtype or not np.isfinite(array).all():
                raise ValueError(f"{name} is not {slots.shape[1]:,} finite numbers in {slots.dtype}")
        return int(turn[0]), [arrays[name].copy() for name in names]

    def read(self, token: int) -> FloatArray:
        """Return the logits (V,) of the token after `token`; the next call overwrites them."""
        x: Any = None
        for U, W, a_x, a_h, h, h_next, cell, step, norm, b_h in self._turns[self._turn]:
            if x is None:
                a_x[...] = self._table[token]
            else:
                x.dot(U, a_x)
            h.dot(W, a_h)
            if norm is not None:
                norm.forward_(a_h)
                a_h += b_h
            cell.forward(step)
            x = h_next
        self._turn = 1 - self._turn
        logits: FloatArray = x.dot(self._V, self._logits)
        return logits

    def _two_turns(self, layer: Layer, weights: LayerWeights) -> list[Turn]:
        cell, hidden_size, (U, W, b_h) = layer.cell, layer.hidden_size, weights
        norm = layer.normalisation(1, None, b_h.dtype)
        a_x, a_h = zeros(b_h.shape, b_h.dtype), zeros(b_h.shape, b_h.dtype)
        h = zeros((2, hidden_size + 1), b_h.dtype)
        h[:, -1] = 1
        states = (h[:, :-1], *(zeros((2, hidden_size), b_h.dtype) for _ in cell.state_names[1:]))
        self._states += states
        steps = [one_step(cell, a_x, a_h, tuple(slots[::order] for slots in states)) for order in (1, -1)]
        return [Turn(U, W, a_x, a_h, h[k], h[1 - k], cell, step, norm, b_h) for k, step in enumerate(steps)]


def one_step(cell: Cell[Any], a_x: FloatArray, a_h: FloatArray, states: tuple[FloatArray, ...]) -> Step:
    """Return a step from slot 0 to slot 1 of `states`, (2, H) each for one stream, (2, H, N) for N texts."""
    arrays = CellArrays(
        a_x=a_x[None],
        a_h=a_h,
        states=states,
        previous=tuple(slots[:1] for slots in states),
        da_x=a_x[None],  # never written: a reader has no backward pass
        da_h=a_x[None],
        dstates=tuple(slots[0] for slots in states),
    )
    step: Step = cell.allocate(arrays)[0]
    return step
