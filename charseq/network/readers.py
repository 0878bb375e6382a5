"""A reader of many texts at once, a token of each at a step; each text has a column.

All products are made in tiles of a fixed width, so that no text depends on how many are read beside it, to
the last bit. As in `reader.py`, U x(t) + b of the first layer is looked up, and each layer has two steps,
used in turn, so that no state is copied.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from charseq.arrays import FloatArray, IndexArray, TokenArray, zeros
from charseq.cells import Cell, Step
from charseq.network.layer import Layer
from charseq.network.normalisation import Normalisation
from charseq.network.parameters import Parameters
from charseq.network.products import TiledProduct
from charseq.network.reader import one_step


class _Layer(NamedTuple):
    """A layer: its products, its biases as columns, and its two steps.

    The steps read U x + b in `a_x` and W h, which is the result of the product W.
    """

    U: TiledProduct | None  # None for the first layer, whose products are looked up
    W: TiledProduct
    norm: Normalisation | None
    b: FloatArray  #          (G*H, 1)
    b_h: FloatArray | None  # (H, 1)
    a_x: FloatArray  #        (G*H, N)
    states: tuple[FloatArray, ...]  # (2, H, N) each
    cell: Cell[Any]
    steps: tuple[Step, Step]


class Readers:
    """Reads N texts with a network of the given `layers`; N is a multiple of `tile_width`.

    The parameters are copied when it is made.
    """

    def __init__(self, params: Parameters, layers: Sequence[Layer], num_texts: int) -> None:
        self._turn = 0
        self._layers = [_layer(layer, params, num_texts) for layer in layers]
        inputs = params[f"{layers[0].name}.U"]
        if "embedding.E" in params:
            inputs = inputs @ params["embedding.E"]
        b = self._layers[0].b
        self._table = np.hstack([inputs + b, b])  # UNSEEN is -1: it finds the last column, the bias alone
        self._V, self._c = TiledProduct(params["projection.V"], num_texts), params["projection.c"].copy()
        self._logits = np.empty((num_texts, len(self._c)), self._c.dtype)

    def put_(self, place: int, saved: tuple[int, list[FloatArray]]) -> None:
        """Let the text at `place` go on from what a reader of one stream has saved."""
        states = [slots for layer in self._layers for slots in layer.states]
        for slots, state in zip(states, saved[1], strict=True):
            slots[self._turn, :, place] = state

    def states(self, place: int) -> list[FloatArray]:
        """Return a copy of the states (H,) of the text at `place`, those of each layer, h first."""
        return [slots[self._turn, :, place].copy() for layer in self._layers for slots in layer.states]

    def read(self, tokens: TokenArray) -> FloatArray:
        """Return the logits (N, V) of the token after each of `tokens` (N,), until the next call."""
        h: Any = None
        for U, W, norm, b, b_h, a_x, states, cell, steps in self._layers:
            if U is None:
                np.take(self._table, tokens, axis=1, out=a_x, mode="wrap")
            else:
                np.add(U(h), b, out=a_x)
            a_h = W(states[0][self._turn])
            if norm is not None:
                norm.forward_(a_h)
            if b_h is not None:
                a_h[-len(b_h) :] += b_h
            cell.forward(steps[self._turn])
            h = states[0][1 - self._turn]
        self._turn = 1 - self._turn
        return np.add(self._V(h).T, self._c, out=self._logits)

    def save(self) -> list[FloatArray]:
        """Return a copy of what all texts have read."""
        return [slots[self._turn].copy() for layer in self._layers for slots in layer.states]

    def spread_(self, saved: list[FloatArray], places: IndexArray) -> None:
        """Let text k go on from what the text at places[k] had read."""
        states = [slots for layer in self._layers for slots in layer.states]
        for slots, state in zip(states, saved, strict=True):
            np.take(state, places, axis=1, out=slots[self._turn])


def _layer(layer: Layer, params: Parameters, num_texts: int) -> _Layer:
    U, b = (params[f"{layer.name}.{letter}"] for letter in "Ub")
    has_b_h, H = layer.cell.has_recurrent_bias, layer.hidden_size
    a_x, W = zeros((len(b), num_texts), b.dtype), TiledProduct(params[f"{layer.name}.W"], num_texts)
    states = tuple(zeros((2, H, num_texts), b.dtype) for _ in layer.cell.state_names)
    first, second = (
        one_step(layer.cell, a_x, W.result, tuple(slots[::order] for slots in states)) for order in (1, -1)
    )
    return _Layer(
        U=None if layer.name == "layers.0" else TiledProduct(U, num_texts),
        W=W,
        norm=layer.normalisation(1, num_texts, b.dtype),
        b=b[:, None].copy(),
        b_h=params[f"{layer.name}.b_h"][:, None].copy() if has_b_h else None,
        a_x=a_x,
        states=states,
        cell=layer.cell,
        steps=(first, second),
    )
