"""The simple recurrent network: one tanh. Its gradient fades or explodes with the powers of W."""

import numpy as np

from charseq.cells.cell import Cell, CellArrays, Step, tanh_slope


class RNN(Cell[Step]):
    """Elman's network with tanh.

        a    = U x(t) + W h(t-1) + b
        h(t) = tanh(a)

    Sizes: U (H, D), W (H, H), b (H,). Source: Elman 1990, "Finding structure in time".
    """

    name = "rnn"
    num_gates = 1

    def allocate(self, arrays: CellArrays) -> list[Step]:
        """Return the views of every step."""
        return [Step(**arrays.step(t)) for t in range(arrays.num_steps)]

    def forward(self, s: Step) -> None:
        """Compute h(t)."""
        np.add(s.a_x, s.a_h, out=s.h)  # a
        np.tanh(s.h, out=s.h)  #         h = tanh(a)

    def backward(self, s: Step) -> None:
        """Compute da; all of h(t-1) passes through W."""
        tanh_slope(s.h, out=s.da_x)
        s.da_x *= s.dh  # da = tanh'(a) dh
