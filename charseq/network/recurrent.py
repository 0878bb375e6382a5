"""One cell over one window of time, and every recurrent matrix product of the project.

The cell does the algebra of a step; here are the products around it: U x(t) for all steps at once,
W h(t-1) step by step, and on the way back one large product for each weight matrix. Next room: `model.py`.
"""

from dataclasses import dataclass, field

import numpy as np

from charseq.arrays import BoolArray, FloatArray, TokenArray, zeros
from charseq.cells import Cell, Step
from charseq.cells.cell import CellArrays
from charseq.network.embedding import lookup, lookup_gradient
from charseq.network.products import Product, side_by_side
from charseq.parameters import Parameters


@dataclass(slots=True)
class Scratch:
    """What layers use one after the other on the way back: flat memory for windows laid side by side."""

    da: FloatArray
    x: FloatArray
    one_hot: FloatArray


@dataclass(slots=True)
class LayerWork:
    """The arrays of one layer for a window: what `forward` leaves for `backward`, and its scratch."""

    arrays: CellArrays
    steps: list[Step]
    b: FloatArray  #        (G*H, N), the bias of every stream
    b_h: FloatArray  #      (H, N), likewise
    dx: FloatArray  #       (T, D, N), empty when the input is one-hot
    through_W: FloatArray  # (H, N)
    U: Product
    W: Product
    U_back: Product
    W_back: Product
    scratch: Scratch
    x: FloatArray | TokenArray = field(init=False)
    resets: BoolArray | None = field(init=False)


class RecurrentLayer:
    """A cell with the weights all steps share: U (G*H, D), W (G*H, H), b (G*H,), and b_h (H,) if it has one.

    With `one_hot` the input is tokens (T, N) instead of vectors (T, D, N), and U x(t) is a column of U.
    """

    def __init__(
        self, cell: Cell[Step], *, name: str, input_size: int, hidden_size: int, one_hot: bool
    ) -> None:
        self.cell, self.name, self.one_hot = cell, name, one_hot
        self.input_size, self.hidden_size = input_size, hidden_size
        rows = cell.num_gates * hidden_size
        self.shapes: dict[str, tuple[int, ...]] = {
            f"{name}.U": (rows, input_size),
            f"{name}.W": (rows, hidden_size),
            f"{name}.b": (rows,),
        }
        if cell.has_recurrent_bias:
            self.shapes[f"{name}.b_h"] = (hidden_size,)

    def initialise_(self, params: Parameters, rng: np.random.Generator) -> None:
        """Fill U with Glorot's uniform numbers and W, gate by gate, with orthogonal matrices.

        Sources: Glorot and Bengio 2010; Saxe, McClelland and Ganguli 2014; the forget bias of 1: Gers et
        al. 2000, Jozefowicz et al. 2015.
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
        scratch: Scratch,
        *,
        resets: bool,
        backward: bool,
    ) -> LayerWork:
        """Make the arrays for windows of up to `num_steps`; with `resets`, states may restart inside them."""
        T, N, D, H = num_steps, num_streams, self.input_size, self.hidden_size
        GH, num_states = self.cell.num_gates * H, len(self.cell.state_names)
        steps_back = T if backward else 1
        da_x = zeros((steps_back, GH, N), dtype)
        states = tuple(zeros((T + 1, H, N), dtype) for _ in range(num_states))
        arrays = CellArrays(
            a_x=zeros((T, GH, N), dtype),
            a_h=zeros((GH, N), dtype),
            states=states,
            previous=tuple(zeros((T, H, N), dtype) if resets else slots[:T] for slots in states),
            da_x=da_x,
            da_h=zeros((steps_back, GH, N), dtype) if self.cell.has_recurrent_bias else da_x,
            dstates=tuple(zeros((H, N), dtype) for _ in range(num_states)),
        )

        def product(rows: int, columns: int, *, needed: bool = True) -> Product:
            num_products = T if needed else 0
            return Product(rows, columns, num_streams=N, num_products=num_products, dtype=dtype)

        return LayerWork(
            arrays=arrays,
            steps=self.cell.allocate(arrays),
            b=zeros((GH, N), dtype),
            b_h=zeros((H, N), dtype),
            dx=zeros((T if backward and not self.one_hot else 0, D, N), dtype),
            through_W=zeros((H, N), dtype),
            U=product(GH, D, needed=not self.one_hot),
            W=product(GH, H),
            U_back=product(D, GH, needed=backward and not self.one_hot),
            W_back=product(H, GH, needed=backward),
            scratch=scratch,
        )

    def forward(
        self,
        x: FloatArray | TokenArray,
        params: Parameters,
        state: tuple[FloatArray, ...],
        work: LayerWork,
        resets: BoolArray | None,
    ) -> FloatArray:
        """Return h (T, H, N), a view into `work`; advance `state`, the cell's arrays (N, H), in place.

        `resets` (T, N) is true where a stream's state is zero before the step.
        """
        arrays, num_steps = work.arrays, len(x)
        U, W, b = (params[f"{self.name}.{letter}"] for letter in "UWb")
        work.x, work.resets = x, resets

        a_x = arrays.a_x[:num_steps]
        if self.one_hot:
            lookup(U, x, out=a_x)
        else:
            work.U.load_(U)
            work.U.each(x, out=a_x)
        np.copyto(work.b, b[:, None])
        a_x += work.b
        m = arrays.a_h[-self.hidden_size :]
        if self.cell.has_recurrent_bias:
            np.copyto(work.b_h, params[f"{self.name}.b_h"][:, None])
        for slots, carried in zip(arrays.states, state, strict=True):
            slots[0] = carried.T
        work.W.load_(W)
        for t, step in enumerate(work.steps[:num_steps]):
            if resets is not None:
                for previous, slots in zip(arrays.previous, arrays.states, strict=True):
                    np.multiply(slots[t], ~resets[t], out=previous[t])
            work.W.one(step.h_prev, out=step.a_h)
            if self.cell.has_recurrent_bias:
                m += work.b_h
            self.cell.forward(step)
        for slots, carried in zip(arrays.states, state, strict=True):
            carried[...] = slots[num_steps].T
        return arrays.states[0][1 : num_steps + 1]

    def backward(
        self, dh_out: FloatArray, params: Parameters, work: LayerWork, grads: Parameters
    ) -> FloatArray:
        """Write the weights' gradients to `grads` and return dx (T, D, N), given dh (T, H, N) from above.

        The gradient stops at the window's first step: truncated backpropagation through time.
        """
        arrays, through_W = work.arrays, work.through_W
        dh = arrays.dstates[0]
        work.W_back.load_(params[f"{self.name}.W"].T)
        for gradient in (through_W, *arrays.dstates):
            gradient.fill(0)
        for t in reversed(range(len(dh_out))):
            step = work.steps[t]
            if self.cell.keeps_h:
                dh += through_W
                dh += dh_out[t]
            else:
                np.add(through_W, dh_out[t], out=dh)
            self.cell.backward(step)
            work.W_back.one(step.da_h, out=through_W)
            if work.resets is not None:
                for gradient in (through_W, *arrays.dstates):
                    gradient *= ~work.resets[t]
        if self.cell.keeps_h:
            dh += through_W
        else:
            np.copyto(dh, through_W)
        return self._weight_gradients(params, work, grads, len(dh_out))

    def _weight_gradients(
        self, params: Parameters, work: LayerWork, grads: Parameters, num_steps: int
    ) -> FloatArray:
        """Sum over all steps and streams: dW of da h(t-1)', dU of da x(t)', db of da."""
        arrays, H = work.arrays, self.hidden_size
        dU, dW, db = (grads[f"{self.name}.{letter}"] for letter in "UWb")

        da = side_by_side(arrays.da_h[:num_steps], work.scratch.da)
        np.matmul(da, side_by_side(arrays.previous[0][:num_steps], work.scratch.x).T, out=dW)
        if self.cell.has_recurrent_bias:
            np.sum(da[-H:], axis=1, out=grads[f"{self.name}.b_h"])
            da = side_by_side(arrays.da_x[:num_steps], work.scratch.da)
        np.sum(da, axis=1, out=db)
        dx = work.dx[:num_steps]
        if self.one_hot:
            lookup_gradient(da, work.x, work.scratch.one_hot, out=dU)
        else:
            np.matmul(da, side_by_side(work.x, work.scratch.x).T, out=dU)
            work.U_back.load_(params[f"{self.name}.U"].T)
            work.U_back.each(arrays.da_x[:num_steps], out=dx)
        return dx
