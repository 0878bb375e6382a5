"""The gated recurrent unit: two gates and one state, with three quarters of the LSTM's parameters."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from charseq.arrays import FloatArray
from charseq.cells.cell import Cell, CellArrays, Step, sigmoid_, sigmoid_slope, tanh_slope


@dataclass(slots=True)
class GRUStep(Step):
    """The views of one step, each (H, N); `ru`, `ru_h` and their gradients are (2H, N).

    `n` is the candidate. `m` is W_n h(t-1) + b_h, kept for `backward`; it comes in as `m_h`.
    """

    ru: FloatArray
    r: FloatArray
    u: FloatArray
    n: FloatArray
    ru_h: FloatArray
    m_h: FloatArray
    m: FloatArray
    d_ru: FloatArray
    dr: FloatArray
    du: FloatArray
    dn: FloatArray
    d_ru_h: FloatArray
    dm: FloatArray
    term: FloatArray


class GRU(Cell[GRUStep]):
    """Gated recurrent unit, the reset gate applied after the product.

        r    = sigma(U_r x(t) + W_r h(t-1) + b_r)                  reset gate
        u    = sigma(U_u x(t) + W_u h(t-1) + b_u)                  update gate
        n    = tanh(U_n x(t) + b_n + r * (W_n h(t-1) + b_h))       candidate
        h(t) = (1 - u) * h(t-1) + u * n

    Here u is the weight of the NEW state. In Cho et al. 2014 and PyTorch, z = 1 - u is the weight of the old
    state: negate the rows of that gate to convert parameters. Sizes: U (3H, D), W (3H, H), b (3H,),
    b_h (H,), with the rows in the order r, u, n. Source: Cho et al. 2014, "Learning phrase representations
    using RNN encoder-decoder". The reset gate is applied after the product, as in cuDNN and PyTorch, so that
    parameters can be exchanged with them.
    """

    name = "gru"
    num_gates = 3
    has_recurrent_bias = True
    keeps_h = True
    gates: ClassVar = {"r": "reset gate", "u": "update gate"}
    candidate = "n"

    def allocate(self, arrays: CellArrays) -> list[GRUStep]:
        """Return the views of every step."""
        m, term = arrays.extra(), arrays.scratch()
        steps = []
        for t in range(arrays.num_steps):
            common = arrays.step(t)
            gates = (3, *common["h"].shape)
            r, u, n = common["a_x"].reshape(gates)
            dr, du, dn = common["da_x"].reshape(gates)
            two = slice(0, 2 * len(r))
            rest = slice(2 * len(r), None)
            steps.append(
                GRUStep(
                    **common,
                    ru=common["a_x"][two],
                    r=r,
                    u=u,
                    n=n,
                    ru_h=common["a_h"][two],
                    m_h=common["a_h"][rest],
                    m=m[t],
                    d_ru=common["da_x"][two],
                    dr=dr,
                    du=du,
                    dn=dn,
                    d_ru_h=common["da_h"][two],
                    dm=common["da_h"][rest],
                    term=term,
                )
            )
        return steps

    def forward(self, s: GRUStep) -> None:
        """Compute h(t)."""
        s.ru += s.ru_h
        sigmoid_(s.ru)  #                           r, u = sigma(a)
        s.m[...] = s.m_h  #                         m = W_n h(t-1) + b_h
        np.multiply(s.r, s.m, out=s.term)
        s.n += s.term
        np.tanh(s.n, out=s.n)  #                    n = tanh(U_n x + b_n + r * m)
        np.subtract(s.n, s.h_prev, out=s.h)
        s.h *= s.u
        s.h += s.h_prev  #                          h = h(t-1) + u * (n - h(t-1))

    def backward(self, s: GRUStep) -> None:
        """Compute da for both products: slopes first, then the chain."""
        sigmoid_slope(s.ru, out=s.d_ru)
        tanh_slope(s.n, out=s.dn)
        np.subtract(s.n, s.h_prev, out=s.term)
        s.du *= s.term
        s.du *= s.dh  #                          da_u = sigma' * (n - h(t-1)) * dh
        s.dn *= s.u
        s.dn *= s.dh  #                          da_n = tanh' * u * dh
        s.dr *= s.m
        s.dr *= s.dn  #                          da_r = sigma' * m * da_n

        s.d_ru_h[...] = s.d_ru
        np.multiply(s.dn, s.r, out=s.dm)  #      dm = da_n * r

        np.multiply(s.u, s.dh, out=s.term)
        s.dh -= s.term  #                        (1 - u) * dh reaches h(t-1) directly
