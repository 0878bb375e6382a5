"""The long short-term memory: a cell state C that changes by sums, so that its gradient fades slowly."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from charseq.arrays import FloatArray
from charseq.cells.cell import Cell, CellArrays, Step, complement, sigmoid_and_tanh_, tanh_slope


@dataclass(slots=True)
class LSTMStep(Step):
    """The views of one step, each (H, N); `ifo` and `d_ifo` are (3H, N)."""

    ifo: FloatArray
    i: FloatArray
    f: FloatArray
    o: FloatArray
    g: FloatArray
    c_prev: FloatArray
    c: FloatArray
    tanh_c: FloatArray
    d_ifo: FloatArray
    di: FloatArray
    df: FloatArray
    do: FloatArray
    dg: FloatArray
    dc: FloatArray
    term: FloatArray


class LSTM(Cell[LSTMStep]):
    """Long short-term memory with a forget gate.

        a    = U x(t) + W h(t-1) + b          four blocks of rows: i, f, o, g
        i    = sigma(a_i)                     input gate
        f    = sigma(a_f)                     forget gate
        o    = sigma(a_o)                     output gate
        g    = tanh(a_g)                      candidate
        C(t) = f * C(t-1) + i * g
        h(t) = o * tanh(C(t))

    Sizes: U (4H, D), W (4H, H), b (4H,). Source: Hochreiter and Schmidhuber 1997, "Long short-term
    memory"; the forget gate: Gers, Schmidhuber and Cummins 2000, "Learning to forget".
    """

    name = "lstm"
    num_gates = 4
    state_names = ("h", "c")
    forget_gate = 1
    gates: ClassVar = {"i": "input gate", "f": "forget gate", "o": "output gate"}
    candidate = "g"

    def allocate(self, arrays: CellArrays) -> list[LSTMStep]:
        """Return the views of every step."""
        tanh_c, term = arrays.extra(), arrays.scratch()
        steps = []
        for t in range(arrays.num_steps):
            common = arrays.step(t)
            gates = (4, *common["h"].shape)
            i, f, o, g = common["a_x"].reshape(gates)
            di, df, do, dg = common["da_x"].reshape(gates)
            three = slice(0, 3 * len(i))
            steps.append(
                LSTMStep(
                    **common,
                    ifo=common["a_x"][three],
                    i=i,
                    f=f,
                    o=o,
                    g=g,
                    c_prev=arrays.previous[1][t],
                    c=arrays.states[1][t + 1],
                    tanh_c=tanh_c[t],
                    d_ifo=common["da_x"][three],
                    di=di,
                    df=df,
                    do=do,
                    dg=dg,
                    dc=arrays.dstates[1],
                    term=term,
                )
            )
        return steps

    def forward(self, s: LSTMStep) -> None:
        """Compute C(t) and h(t)."""
        s.a_x += s.a_h
        sigmoid_and_tanh_(s.a_x, s.ifo)  #      i, f, o = sigma(a);  g = tanh(a)
        np.multiply(s.f, s.c_prev, out=s.c)  #  C = f * C(t-1)
        np.multiply(s.i, s.g, out=s.term)
        s.c += s.term  #                          + i * g
        np.tanh(s.c, out=s.tanh_c)
        np.multiply(s.o, s.tanh_c, out=s.h)  #  h = o * tanh(C)

    def backward(self, s: LSTMStep) -> None:
        """Compute da and dC(t-1); all of h(t-1) passes through W.

        The slope of a gate y = sigma(a) is (1 - y) y. Its second factor is multiplied with dh or dC first,
        which other gradients need, too.
        """
        complement(s.ifo, out=s.d_ifo)  #       1 - i, 1 - f, 1 - o
        np.multiply(s.o, s.dh, out=s.term)  #   dh * o
        s.do *= s.tanh_c
        s.do *= s.term  #                       da_o = (1 - o) * tanh(C) * dh * o
        tanh_slope(s.tanh_c, out=s.dg)
        s.dg *= s.term
        s.dc += s.dg  #                         dC += dh * o * tanh'(C)

        np.multiply(s.i, s.dc, out=s.term)  #   dC * i
        s.di *= s.g
        s.di *= s.term  #                       da_i = (1 - i) * g * dC * i
        tanh_slope(s.g, out=s.dg)
        s.dg *= s.term  #                       da_g = tanh' * dC * i
        s.dc *= s.f  #                          dC(t-1) = dC * f
        s.df *= s.c_prev
        s.df *= s.dc  #                         da_f = (1 - f) * C(t-1) * dC * f
