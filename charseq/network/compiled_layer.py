"""The compiled twin of a recurrent layer's two passes, for users who have numba (`charseq[fast]`)."""

import itertools

import numpy as np

from charseq.arrays import BoolArray, FloatArray, TokenArray, zeros
from charseq.network.embedding import table_gradient
from charseq.network.layer import Layer, LayerWork
from charseq.network.panels import (
    Panels,
    multiply_add,
    multiply_panels,
    pack_steps,
    rows_in_panels,
    sum_by_token,
)
from charseq.network.parameters import Gradient, Parameters
from charseq.network.tiles import ROWS
from charseq.network.windows import BACKWARD, FORWARD, Backward, Forward

DTYPE = np.dtype(np.float32)
"""The type of numbers that is compiled; the others, which only tests use, are left to NumPy."""
NO_TOKENS: TokenArray = np.zeros((0, 0), np.int32)
NO_RESETS: BoolArray = np.zeros((0, 0), np.bool_)


class CompiledLayer:
    """The panels of a layer's weights and the calls of its windows, of up to T steps and N streams.

    The rows of W have two parts if the last gate has a recurrent bias: those added to `a_x`, and its own.
    """

    def __init__(
        self, layer: Layer, num_steps: int, num_streams: int, dtype: np.dtype, *, backward: bool
    ) -> None:
        H, D = layer.hidden_size, layer.input_size
        GH, self._layer = layer.cell.num_gates * H, layer
        bounds = (0, GH - H, GH) if layer.cell.has_recurrent_bias else (0, GH)
        self._parts = [slice(*pair) for pair in itertools.pairwise(bounds)]
        self._sizes = sizes = tuple(part.stop - part.start for part in self._parts)
        self._W = [Panels(size, H, dtype) for size in sizes]
        self._U = Panels(GH, D + layer.one_hot, dtype)  # UNSEEN is a column of zeros
        self._W_back = [Panels(H if backward else 0, size, dtype) for size in sizes]
        self._U_back = Panels(D if backward and not layer.one_hot else 0, GH, dtype)
        self._das = [zeros((size if backward else 0, num_streams), dtype) for size in (GH, *sizes[1:])]
        together = num_streams == 1 and num_steps > 1 and not layer.one_hot
        self._some_x = zeros((D if together else 0, ROWS), dtype)
        self._some_da = zeros((GH if together and backward else 0, ROWS), dtype)
        self._table = zeros((D if backward and layer.one_hot else 0, ROWS), dtype)
        self._ones = np.ones((num_steps * num_streams if backward else 0, 1), dtype)
        normed = (num_steps if backward else 1) if layer.rms_norm else 0
        self._y = zeros((normed, GH, num_streams), dtype)
        self._inverse = zeros((normed, layer.cell.num_gates, num_streams), dtype)
        self._dv = zeros((GH if normed and backward else 0, num_streams), dtype)
        self._mean = zeros((num_streams,), dtype)
        self._no_x, self._block = zeros((0, 0, 0), dtype), zeros((ROWS, ROWS), dtype)

    def forward(
        self, x: FloatArray | TokenArray, params: Parameters, work: LayerWork, resets: BoolArray | None
    ) -> None:
        """Compute the states of all steps, from those in slot 0; the arguments are those of the layer."""
        layer, arrays = self._layer, work.arrays
        U, W, b = (params[f"{layer.name}.{letter}"] for letter in "UWb")
        for panels, part in zip(self._W, self._parts, strict=True):
            panels.load_(W[part])
        self._U.load_(U)
        tokens = np.ascontiguousarray(x) if layer.one_hot else NO_TOKENS
        window = Forward(
            num_steps=len(x),
            inputs=(self._no_x if layer.one_hot else x, tokens, self._U.memory, b, self._some_x),
            W=tuple(panels.memory for panels in self._W),
            sizes=self._sizes,
            sums=(arrays.a_x, *arrays.extras[: len(self._parts) - 1]),
            b_h=params[f"{layer.name}.b_h"] if layer.cell.has_recurrent_bias else b,
            norm=(self._y, self._inverse),
            resets=NO_RESETS if resets is None else np.ascontiguousarray(resets),
            a=arrays.a_x,
            states=arrays.states,
            previous=arrays.previous,
            extras=tuple(arrays.extras),
            block=self._block,
        )
        FORWARD[layer.cell.name](*window)

    def backward(
        self, dh_out: FloatArray, params: Parameters, work: LayerWork, grads: Gradient, *, below: bool
    ) -> FloatArray:
        """Write the gradients of the weights to `grads`; return dx; the arguments are those of the layer."""
        layer, arrays, num_steps = self._layer, work.arrays, len(dh_out)
        num_tokens = num_steps * dh_out.shape[2]
        W, U = params[f"{layer.name}.W"], params[f"{layer.name}.U"]
        dx = work.dx[: num_steps if below else 0]
        for panels, part in zip(self._W_back, self._parts, strict=True):
            panels.load_(W[part].T)
        if len(dx):
            self._U_back.load_(U.T)
        for gradient in arrays.dstates:
            gradient.fill(0)
        sizes = [len(da) for da in (*self._das, self._dv)]
        *columns, dv_columns = _divide(work.scratch.da, sizes, num_tokens)
        window = Backward(
            num_steps=num_steps,
            dh_out=dh_out,
            W_back=tuple(panels.memory for panels in self._W_back),
            U_back=(self._U_back.memory, self._some_da),
            norm=(self._y, self._inverse, self._dv, dv_columns, self._mean),
            resets=NO_RESETS if work.resets is None else np.ascontiguousarray(work.resets),
            a=arrays.a_x,
            states=arrays.states,
            previous=arrays.previous,
            extras=tuple(arrays.extras),
            dstates=arrays.dstates,
            das=tuple(self._das),
            columns=tuple(columns),
            dx=dx,
            block=self._block,
        )
        BACKWARD[layer.cell.name](*window)
        if grads.learns(f"{layer.name}."):
            self._weight_gradients(columns, dv_columns, work, grads, num_steps)
        return dx

    def _weight_gradients(
        self,
        columns: list[FloatArray],
        dv_columns: FloatArray,
        work: LayerWork,
        grads: Gradient,
        num_steps: int,
    ) -> None:
        """Write dW, db and dU: the sums over all steps and streams of da h(t-1)', of da and of da x(t)'.

        The rows of `columns` are those of da and, if there is a recurrent bias, of dm. Those of `dv_columns`
        are the gradient of W h if it was normalised.
        """
        layer, da, x = self._layer, columns[0], work.x
        dW, dU, db = (grads[f"{layer.name}.{letter}"] for letter in "WUb")
        h = self._packed(work.arrays.previous[0][:num_steps], work)
        if len(dv_columns):
            multiply_panels(dv_columns, h, dW, self._block)
        else:
            for part, source in zip(self._parts, columns, strict=True):
                rows = dW[part]
                multiply_panels(source[: rows_in_panels(len(rows)) // ROWS], h, rows, self._block)
        ones = self._ones[: da.shape[1]]
        biases = [db, grads[f"{layer.name}.b_h"]] if layer.cell.has_recurrent_bias else [db]
        for bias, source in zip(biases, columns, strict=True):
            bias[...] = 0
            multiply_add(source, ones, bias[:, None], self._block)
        if not layer.one_hot:
            multiply_panels(da, self._packed(x, work), dU, self._block)
        elif grads.by_rows:
            rows = da.transpose(0, 2, 1).reshape(-1, x.size)[: len(db)]
            table_gradient(rows, x, work.scratch.one_hot, grads, f"{layer.name}.U")
        else:
            sum_by_token(da, np.ascontiguousarray(x).reshape(-1), dU, self._table)

    def _packed(self, steps: FloatArray, work: LayerWork) -> FloatArray:
        """Return the panels of `steps` (T, R, N), in memory that the next call overwrites."""
        num_steps, num_rows, num_streams = steps.shape
        (panels,) = _divide(work.scratch.inputs, [num_rows], num_steps * num_streams)
        pack_steps(steps, panels)
        return panels


def _divide(memory: FloatArray, sizes: list[int], num_columns: int) -> list[FloatArray]:
    """Return panels in `memory` for matrices of so many rows, one after the other."""
    panels, begin = [], 0
    for size in sizes:
        end = begin + rows_in_panels(size) * num_columns
        panels.append(memory[begin:end].reshape(-1, num_columns, ROWS))
        begin = end
    return panels
