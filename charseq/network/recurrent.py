"""One cell over one window of time, and every recurrent matrix product of the project.

The cell does the algebra of a step; here are the products around it: U x(t) for all steps at once,
W h(t-1) step by step, and on the way back one large product for each weight matrix. Next room: `model.py`.
"""

from dataclasses import dataclass, field

import numpy as np

from charseq.arrays import BoolArray, FloatArray, TokenArray
from charseq.cells import Cell, Step
from charseq.cells.cell import CellArrays
from charseq.network.embedding import lookup, lookup_gradient
from charseq.parameters import Parameters


@dataclass(slots=True)
class LayerWork:
    """The arrays of one layer for a window: what `forward` leaves for `backward`, and its scratch."""

    arrays: CellArrays
    steps: list[Step]
    dx: FloatArray  #       (T, N, D), empty when the input is one-hot
    W: FloatArray  #        (G*H, H), the contiguous copy that the way back multiplies with
    through_W: FloatArray  # (N, H)
    x: FloatArray | TokenArray = field(init=False)
    resets: BoolArray | None = field(init=False)


class RecurrentLayer:
    """A cell with the weights all steps share: U (G*H, D), W (G*H, H), b (G*H,), and b_h (H,) if it has one.

    With `one_hot` the input is tokens (T, N) instead of vectors (T, N, D), and U x(t) is a column of U.
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
        self, num_steps: int, batch_size: int, dtype: np.dtype, *, resets: bool, backward: bool
    ) -> LayerWork:
        """Make the arrays for windows of up to `num_steps`; with `resets`, states may restart inside them."""
        T, N, H, GH = num_steps, batch_size, self.hidden_size, self.cell.num_gates * self.hidden_size
        num_states, steps_back = len(self.cell.state_names), T if backward else 1

        def zeros(*shape: int) -> FloatArray:
            return np.zeros(shape, dtype)

        states = tuple(zeros(T + 1, N, H) for _ in range(num_states))
        da_x = zeros(steps_back, N, GH)
        arrays = CellArrays(
            a_x=zeros(T, N, GH),
            a_h=zeros(N, GH),
            states=states,
            previous=tuple(zeros(T, N, H) if resets else slots[:T] for slots in states),
            da_x=da_x,
            da_h=zeros(steps_back, N, GH) if self.cell.has_recurrent_bias else da_x,
            dstates=tuple(zeros(N, H) for _ in range(num_states)),
        )
        return LayerWork(
            arrays=arrays,
            steps=self.cell.allocate(arrays),
            dx=zeros(T if backward and not self.one_hot else 0, N, self.input_size),
            W=zeros(GH if backward else 0, H),
            through_W=zeros(N, H),
        )

    def forward(
        self,
        x: FloatArray | TokenArray,
        params: Parameters,
        state: tuple[FloatArray, ...],
        work: LayerWork,
        resets: BoolArray | None,
    ) -> FloatArray:
        """Return h (T, N, H), a view into `work`; advance `state`, the cell's arrays (N, H), in place.

        `resets` (T, N) is true where a stream's state is zero before the step.
        """
        arrays, num_steps, H = work.arrays, len(x), self.hidden_size
        U, W, b = (params[f"{self.name}.{letter}"] for letter in "UWb")
        b_h = params[f"{self.name}.b_h"] if self.cell.has_recurrent_bias else None
        work.x, work.resets = x, resets

        a_x = arrays.a_x[:num_steps]
        if self.one_hot:
            lookup(U.T, x, out=a_x)
        else:
            np.matmul(x.reshape(-1, self.input_size), U.T, out=a_x.reshape(-1, U.shape[0]))
        a_x += b
        for slots, carried in zip(arrays.states, state, strict=True):
            slots[0] = carried
        for t, step in enumerate(work.steps[:num_steps]):
            if resets is not None:
                for previous, slots in zip(arrays.previous, arrays.states, strict=True):
                    np.multiply(slots[t], ~resets[t, :, None], out=previous[t])
            np.matmul(step.h_prev, W.T, out=step.a_h)
            if b_h is not None:
                step.a_h[:, -H:] += b_h
            self.cell.forward(step)
        for slots, carried in zip(arrays.states, state, strict=True):
            carried[...] = slots[num_steps]
        return arrays.states[0][1 : num_steps + 1]

    def backward(
        self, dh_out: FloatArray, params: Parameters, work: LayerWork, grads: Parameters
    ) -> FloatArray:
        """Write the weights' gradients to `grads` and return dx (T, N, D), given dh from above.

        The gradient stops at the window's first step: truncated backpropagation through time.
        """
        arrays, num_steps = work.arrays, len(dh_out)
        dh = arrays.dstates[0]
        np.copyto(work.W, params[f"{self.name}.W"])
        for gradient in arrays.dstates:
            gradient.fill(0)
        for t in reversed(range(num_steps)):
            step = work.steps[t]
            dh += dh_out[t]
            self.cell.backward(step)
            np.matmul(step.da_h, work.W, out=work.through_W)
            dh += work.through_W
            if work.resets is not None:
                for gradient in arrays.dstates:
                    gradient *= ~work.resets[t, :, None]
        return self._weight_gradients(params, work, grads, num_steps)

    def _weight_gradients(
        self, params: Parameters, work: LayerWork, grads: Parameters, num_steps: int
    ) -> FloatArray:
        def rows(array: FloatArray) -> FloatArray:
            return array[:num_steps].reshape(-1, array.shape[-1])

        arrays, H = work.arrays, self.hidden_size
        da_x, da_h = rows(arrays.da_x), rows(arrays.da_h)
        np.matmul(rows(arrays.previous[0]).T, da_h, out=grads[f"{self.name}.W"].T)
        np.sum(da_x, axis=0, out=grads[f"{self.name}.b"])
        if self.cell.has_recurrent_bias:
            np.sum(da_h[:, -H:], axis=0, out=grads[f"{self.name}.b_h"])
        dU = grads[f"{self.name}.U"]
        dx = work.dx[:num_steps]
        if self.one_hot:
            lookup_gradient(arrays.da_x[:num_steps], work.x, out=dU.T)
        else:
            np.matmul(rows(work.x).T, da_x, out=dU.T)
            np.matmul(da_x, params[f"{self.name}.U"], out=rows(dx))
        return dx
