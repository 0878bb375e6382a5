"""A model that reads one stream, one character at a time: whatever can be done once is.

The first layer's U x(t) + b is a row of a table for any input; elsewhere biases are one more row of their
matrix, as each input ends with a 1; and two steps take turns, each starting from the state the other leaves.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from charseq.arrays import FloatArray, zeros
from charseq.cells import Cell, Step
from charseq.cells.cell import CellArrays
from charseq.network.parameters import Parameters

if TYPE_CHECKING:
    from charseq.network.model import CharModel


class Turn(NamedTuple):
    """One layer's step: a_x is filled from x U, a_h from h W, and the cell leaves its output in `h_next`."""

    U: FloatArray  #       (D + 1, G*H), the last row b
    W: FloatArray  #       (H + 1, G*H), the last row b_h or zero
    a_x: FloatArray  #     (G*H,)
    a_h: FloatArray  #     (G*H,)
    h: FloatArray  #       (H + 1,), ending with 1
    h_next: FloatArray  #  (H + 1,), ending with 1
    cell: Cell[Any]
    step: Step


class Reader:
    """Reads with the parameters that `model` has when the reader is made, from the zero state."""

    def __init__(self, model: "CharModel") -> None:
        params, dtype = model.params, model.params.flat.dtype
        self._states: list[FloatArray] = []
        layers = [
            self._two_turns(layer.name, layer.cell, layer.hidden_size, params) for layer in model.layers
        ]
        self._turns = tuple(zip(*layers, strict=True))
        self._turn = 0
        inputs, b = np.vsplit(layers[0][0].U, [-1])
        if model.config.embedding_size:
            inputs = params["embedding.E"].T @ inputs
        self._table = inputs_and_bias(inputs + b, b)  # UNSEEN, which is -1, finds the bias alone
        self._V = inputs_and_bias(params["projection.V"].T, params["projection.c"])
        self._logits = np.empty(model.vocab_size, dtype)

    def reset_(self) -> None:
        """Forget everything."""
        for state in self._states:
            state.fill(0)

    def read(self, token: int) -> FloatArray:
        """Return the logits (V,) of the token after `token`; the next call overwrites them."""
        x: Any = None
        for U, W, a_x, a_h, h, h_next, cell, step in self._turns[self._turn]:
            if x is None:
                a_x[...] = self._table[token]
            else:
                x.dot(U, a_x)
            h.dot(W, a_h)
            cell.forward(step)
            x = h_next
        self._turn = 1 - self._turn
        logits: FloatArray = x.dot(self._V, self._logits)
        return logits

    def _two_turns(self, name: str, cell: Cell[Any], hidden_size: int, params: Parameters) -> list[Turn]:
        U, W, b = (params[f"{name}.{letter}"] for letter in "UWb")
        b_h = np.zeros_like(b)
        if cell.has_recurrent_bias:
            b_h[-hidden_size:] = params[f"{name}.b_h"]
        U, W = inputs_and_bias(U.T, b), inputs_and_bias(W.T, b_h)
        a_x, a_h = zeros(b.shape, b.dtype), zeros(b.shape, b.dtype)
        h = zeros((2, hidden_size + 1), b.dtype)
        h[:, -1] = 1
        states = (h[:, :-1], *(zeros((2, hidden_size), b.dtype) for _ in cell.state_names[1:]))
        self._states += states
        steps = [_step(cell, a_x, a_h, tuple(slots[::order] for slots in states)) for order in (1, -1)]
        return [Turn(U, W, a_x, a_h, h[k], h[1 - k], cell, step) for k, step in enumerate(steps)]


def inputs_and_bias(M: FloatArray, bias: FloatArray) -> FloatArray:
    """Return M with the row `bias` below, beginning at a cache line: what [x, 1] is multiplied with."""
    stacked = np.vstack([M, bias])
    out = zeros(stacked.shape, stacked.dtype)
    out[...] = stacked
    return out


def _step(cell: Cell[Any], a_x: FloatArray, a_h: FloatArray, states: tuple[FloatArray, ...]) -> Step:
    """Return a step from slot 0 to slot 1 of `states`, (2, H) each: that of any N, without its axis."""
    arrays = CellArrays(
        a_x=a_x[None],
        a_h=a_h,
        states=states,
        previous=tuple(slots[:1] for slots in states),
        da_x=a_x[None],  # nothing goes back
        da_h=a_x[None],
        dstates=tuple(slots[0] for slots in states),
    )
    step: Step = cell.allocate(arrays)[0]
    return step
