"""The long short-term memory: a cell state C that changes by sums, so that its gradient fades slowly."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from charseq.arrays import FloatArray
from charseq.cells.cell import Cell, CellArrays, Step, sigmoid_and_tanh_, sigmoid_slope, tanh_slope


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
        """Compute da and dC(t-1): slopes first, then the chain; all of h(t-1) passes through W."""
        tanh_slope(s.tanh_c, out=s.term)
        s.term *= s.o
        s.term *= s.dh
        s.dc += s.term  #  dC += dh * o * tanh'(C)

        sigmoid_slope(s.ifo, out=s.d_ifo)
        tanh_slope(s.g, out=s.dg)
        s.di *= s.g
        s.di *= s.dc  #      da_i = sigma' * g * dC
        s.df *= s.c_prev
        s.df *= s.dc  #      da_f = sigma' * C(t-1) * dC
        s.do *= s.tanh_c
        s.do *= s.dh  #      da_o = sigma' * tanh(C) * dh
        s.dg *= s.i
        s.dg *= s.dc  #      da_g = tanh'  * i * dC

        s.dc *= s.f  #     dC(t-1) = f * dC
