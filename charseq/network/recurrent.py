"""A layer of one cell over a window of time, with all recurrent matrix products of the project.

The cell computes the pointwise algebra of a step. This module computes the products: U x(t) for all steps at
once, W h(t-1) step by step, and in the backward pass one large product for the gradients of the weights.
"""

from typing import Any

import numpy as np

from charseq.arrays import BoolArray, FloatArray, TokenArray, zeros
from charseq.backend import use_numba
from charseq.cells import Cell, Step
from charseq.cells.cell import CellArrays
from charseq.config import BackendName
from charseq.network.embedding import lookup_with_bias, table_gradient
from charseq.network.layer import Layer, LayerWork, Scratch
from charseq.network.parameters import Gradient, Parameters
from charseq.network.products import Product, lay_side_by_side, side_by_side


class RecurrentLayer(Layer):
    """A cell with its weights, which all steps share: U (G*H, D), W (G*H, H), b (G*H,); for the GRU b_h (H,).

    With `one_hot` the input is tokens (T, N) instead of vectors (T, D, N), and U x(t) is a column of U. With
    `rms_norm` W h(t-1) is normalised, see `normalisation.py`.
    """

    def __init__(
        self,
        cell: Cell[Step],
        *,
        name: str,
        input_size: int,
        hidden_size: int,
        one_hot: bool,
        rms_norm: bool,
    ) -> None:
        super().__init__(cell, name, input_size, hidden_size, one_hot, rms_norm)
        self._is_compiled = False
        rows = cell.num_gates * hidden_size
        self.shapes: dict[str, tuple[int, ...]] = {
            f"{name}.U": (rows, input_size),
            f"{name}.W": (rows, hidden_size),
            f"{name}.b": (rows,),
        }
        if cell.has_recurrent_bias:
            self.shapes[f"{name}.b_h"] = (hidden_size,)

    def use_backend_(self, backend: BackendName) -> None:
        """Compute the windows of workspaces that are made from now on with `backend`.

        A cell without a compiled twin is computed by NumPy.
        """
        self._is_compiled = False
        if use_numba(backend):
            from charseq.network.windows import FORWARD

            self._is_compiled = self.cell.name in FORWARD

    def initialise_(self, params: Parameters, rng: np.random.Generator) -> None:
        """Fill U with Glorot's uniform numbers, W with an orthogonal matrix per gate, the forget bias with 1.

        Sources: Glorot and Bengio 2010; Saxe, McClelland and Ganguli 2014; for the forget bias Gers et al.
        2000 and Jozefowicz et al. 2015.
        """
        U, W, b = (params[f"{self.name}.{letter}"] for letter in "UWb")
        bound = (6 / (self.input_size + self.hidden_size)) ** 0.5
        U[...] = rng.uniform(-bound, bound, U.shape)
        for gate in np.split(W, self.cell.num_gates):
            Q, R = np.linalg.qr(rng.standard_normal(gate.shape))
            gate[...] = Q * np.sign(np.diag(R))
        if self.cell.forget_gate is not None:
            np.split(b, self.cell.num_gates)[self.cell.forget_gate].fill(1)

    def allocate(
        self,
        num_steps: int,
        num_streams: int,
        dtype: np.dtype,
        *,
        resets: bool,
        scratch: Scratch,
        backward: bool,
    ) -> LayerWork:
        """Make the arrays for windows of up to `num_steps`; with `resets`, states may be reset in them."""
        T, N, D, H = num_steps, num_streams, self.input_size, self.hidden_size
        GH, num_states = self.cell.num_gates * H, len(self.cell.state_names)
        compiled = self._compiled(T, N, dtype, backward=backward)
        steps_back = T if backward and not compiled else 1
        da_x = zeros((steps_back, GH, N), dtype)
        two_gradients = self.cell.has_recurrent_bias or self.rms_norm  # of U x and W h; else they are one
        states = tuple(zeros((T + 1, H, N), dtype) for _ in range(num_states))
        arrays = CellArrays(
            a_x=zeros((T, GH, N), dtype),
            a_h=zeros((GH, N), dtype),
            states=states,
            previous=tuple(zeros((T, H, N), dtype) if resets else slots[:T] for slots in states),
            da_x=da_x,
            da_h=zeros((steps_back, GH, N), dtype) if two_gradients else da_x,
            dstates=tuple(zeros((H, N), dtype) for _ in range(num_states)),
        )

        def product(rows: int, columns: int, *, needed: bool = True) -> Product:
            num_products = T if needed and not compiled else 0
            return Product(rows, columns, num_streams=N, num_products=num_products, dtype=dtype)

        return LayerWork(
            arrays=arrays,
            steps=self.cell.allocate(arrays),
            b=zeros((GH, N), dtype),
            b_h=zeros((H, N), dtype),
            dx=zeros((T if backward and not self.one_hot else 0, D, N), dtype),
            through_W=zeros((H, N), dtype),
            db_h=zeros((H, N), dtype),
            norm=self.normalisation(steps_back, N, dtype),
            U=product(GH, D, needed=not self.one_hot),
            W=product(GH, H),
            U_back=product(D, GH, needed=backward and not self.one_hot),
            W_back=product(H, GH, needed=backward),
            scratch=scratch,
            compiled=compiled,
        )

    def _compiled(self, num_steps: int, num_streams: int, dtype: np.dtype, *, backward: bool) -> Any:
        if not self._is_compiled:
            return None
        from charseq.network.compiled_layer import DTYPE, CompiledLayer

        if dtype != DTYPE:
            return None
        return CompiledLayer(self, num_steps, num_streams, dtype, backward=backward)

    def forward(
        self,
        x: FloatArray | TokenArray,
        params: Parameters,
        state: tuple[FloatArray, ...],
        work: LayerWork,
        resets: BoolArray | None,
    ) -> FloatArray:
        """Return h (T, H, N), a view into `work`; advance `state`, the cell's arrays (N, H), in place.

        `resets` (T, N) is true where a stream's state is set to zero before the step.
        """
        arrays, num_steps = work.arrays, len(x)
        work.x, work.resets = x, resets
        for slots, carried in zip(arrays.states, state, strict=True):
            slots[0] = carried.T
        if work.compiled:
            work.compiled.forward(x, params, work, resets)
        else:
            self._forward(x, params, work, resets)
        for slots, carried in zip(arrays.states, state, strict=True):
            carried[...] = slots[num_steps].T
        return arrays.states[0][1 : num_steps + 1]

    def _forward(
        self, x: FloatArray | TokenArray, params: Parameters, work: LayerWork, resets: BoolArray | None
    ) -> None:
        arrays, num_steps = work.arrays, len(x)
        U, W, b = (params[f"{self.name}.{letter}"] for letter in "UWb")
        a_x = arrays.a_x[:num_steps]
        np.copyto(work.b, b[:, None])
        if self.one_hot:
            lookup_with_bias(U, x, work.b, a_x)
        else:
            work.U.load_(U)
            work.U.each(x, out=a_x)
            a_x += work.b
        m = arrays.a_h[-self.hidden_size :]
        if self.cell.has_recurrent_bias:
            np.copyto(work.b_h, params[f"{self.name}.b_h"][:, None])
        work.W.load_(W)
        multiply = work.W.into(arrays.a_h)
        for t, step in enumerate(work.steps[:num_steps]):
            if resets is not None:
                for previous, slots in zip(arrays.previous, arrays.states, strict=True):
                    np.multiply(slots[t], ~resets[t], out=previous[t])
            multiply(step.h_prev)
            if work.norm:
                work.norm.forward_(arrays.a_h, min(t, len(arrays.da_h) - 1))
            if self.cell.has_recurrent_bias:
                m += work.b_h
            self.cell.forward(step)

    def backward(
        self,
        dh_out: FloatArray,
        params: Parameters,
        work: LayerWork,
        grads: Gradient,
        *,
        below: bool = True,
    ) -> FloatArray:
        """Write the gradients of the weights to `grads`; return dx (T, D, N), the gradient of the inputs.

        `dh_out` (T, H, N) is the gradient of the outputs. dx is empty if the input is one-hot, and not
        computed without `below`. The gradients of weights that are all frozen are not computed. The gradient
        stops at the window's first step: this is truncated backpropagation through time.
        """
        if work.compiled:
            dx: FloatArray = work.compiled.backward(dh_out, params, work, grads, below=below)
            return dx
        arrays, through_W = work.arrays, work.through_W
        dh = arrays.dstates[0]
        work.W_back.load_(params[f"{self.name}.W"].T)
        multiply = work.W_back.into(through_W)
        for gradient in (through_W, work.db_h, *arrays.dstates):
            gradient.fill(0)
        for t in reversed(range(len(dh_out))):
            step = work.steps[t]
            if self.cell.keeps_h:
                dh += through_W
                dh += dh_out[t]
            else:
                np.add(through_W, dh_out[t], out=dh)
            self.cell.backward(step)
            if work.norm:
                self._normalise_back(work, t)
            multiply(step.da_h)
            if work.resets is not None:
                for gradient in (through_W, *arrays.dstates):
                    gradient *= ~work.resets[t]
        if self.cell.keeps_h:
            dh += through_W
        else:
            np.copyto(dh, through_W)
        if grads.learns(f"{self.name}."):
            self._weight_gradients(work, grads, len(dh_out))
        dx = work.dx[: len(dh_out)]
        if below and not self.one_hot:
            work.U_back.load_(params[f"{self.name}.U"].T)
            work.U_back.each(arrays.da_x[: len(dh_out)], out=dx)
        return dx

    def _normalise_back(self, work: LayerWork, t: int) -> None:
        """Turn the gradient of the normalised product of step t into that of W h(t-1)."""
        step = work.steps[t]
        if self.cell.has_recurrent_bias:
            work.db_h += step.da_h[-self.hidden_size :]
        else:
            step.da_h[...] = step.da_x  # the cell has written this one only
        if work.norm:
            work.norm.backward_(step.da_h, t)

    def _weight_gradients(self, work: LayerWork, grads: Gradient, num_steps: int) -> None:
        """Write dW, db and dU: the sums over all steps and streams of da h(t-1)', of da and of da x(t)'.

        The three sums are one product, with h(t-1), 1 and x(t) stacked. For a one-hot x(t) with a large
        vocabulary, dU is computed by `table_gradient` instead.
        """
        arrays, scratch, H, D = work.arrays, work.scratch, self.hidden_size, self.summed_inputs
        dW, db = grads[f"{self.name}.W"], grads[f"{self.name}.b"]
        previous = arrays.previous[0][:num_steps]
        inputs = scratch.rows(H + 1 + D, num_steps * previous.shape[-1])
        lay_side_by_side(previous, out=inputs[:H])
        inputs[H] = 1
        if not self.one_hot:
            lay_side_by_side(work.x, out=inputs[H + 1 :])
        elif D:
            scratch.one_hot.write(work.x, np.arange(D, dtype=np.int32), out=inputs[H + 1 :])

        da = side_by_side(arrays.da_h[:num_steps], scratch.da)
        if arrays.da_h is not arrays.da_x:
            sums = scratch.sum_of_products(da, inputs[: H + 1])
            dW[...] = sums[:, :H]
            if self.cell.has_recurrent_bias:
                grads[f"{self.name}.b_h"][...] = work.db_h.sum(axis=1) if work.norm else sums[-H:, H]
            da = side_by_side(arrays.da_x[:num_steps], scratch.da)
            sums = scratch.sum_of_products(da, inputs[H:])
            db[...] = sums[:, 0]
        else:
            sums = scratch.sum_of_products(da, inputs)
            dW[...], db[...] = sums[:, :H], sums[:, H]
        if D:
            grads[f"{self.name}.U"][...] = sums[:, -D:]
        else:
            table_gradient(da, work.x, scratch.one_hot, grads, f"{self.name}.U")
