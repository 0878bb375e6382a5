"""What a cell is: pointwise algebra between one step's products and its new state, forward and back.

A cell multiplies no matrices, loops over no time and owns no parameters: `network/recurrent.py` does that,
once for all cells. Next rooms: `rnn.py`, then `lstm.py` and `gru.py`, each with its equations at the top.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from charseq.arrays import FloatArray, zeros


@dataclass(slots=True)
class Step:
    """The cast of one time step: named views into arrays that outlive it, each (H, N) unless noted.

    `a_x` holds U x(t) + b on entry and `a_h` holds W h(t-1), both (G*H, N), their gates one below the other
    in the order of the cell's equations. On the way back `dh` comes in as d loss / d h(t); `backward` fills
    `da_x` and `da_h`, and a cell that `keeps_h` leaves in `dh` what reaches h(t-1) without passing through W.
    """

    a_x: FloatArray
    a_h: FloatArray
    h_prev: FloatArray
    h: FloatArray
    da_x: FloatArray
    da_h: FloatArray
    dh: FloatArray


S = TypeVar("S", bound=Step)


class Cell(ABC, Generic[S]):
    """The contract: `allocate` once, then `forward` step by step and `backward` in reverse."""

    name: ClassVar[str]
    """The cell's name in settings and files."""
    num_gates: ClassVar[int]
    """G: how many blocks of H rows U and W have."""
    state_names: ClassVar[tuple[str, ...]] = ("h",)
    """What is carried from step to step, the output h first."""
    has_recurrent_bias: ClassVar[bool] = False
    """Whether the last gate adds b_h, of shape (H,), to its share of W h(t-1)."""
    forget_gate: ClassVar[int | None] = None
    """The gate whose bias starts at 1, so that a fresh cell remembers."""
    keeps_h: ClassVar[bool] = False
    """Whether part of h(t-1) reaches h(t) without passing through W."""
    gates: ClassVar[Mapping[str, str]] = {}
    """The full names of the gates proper, sigmoids that open and close, by their names in the step."""

    @abstractmethod
    def allocate(self, arrays: "CellArrays") -> list[S]:
        """Make the views of every step, once: neither direction slices or allocates afterwards."""

    @abstractmethod
    def forward(self, s: S) -> None:
        """Turn `a_x`, `a_h` and the previous state into the new state, keeping what `backward` needs."""

    @abstractmethod
    def backward(self, s: S) -> None:
        """Turn `dh` (and the gradients of other states) at t into `da_x`, `da_h` and those at t-1."""


@dataclass(slots=True)
class CellArrays:
    """What the recurrent layer allocates for a window of T steps, N streams and G gates of H units.

    `states[k]` is (T + 1, H, N): slot 0 the carried state, slot t + 1 the result of step t. `previous[k]`
    is (T, H, N): the states that step t starts from, which is `states[k][:T]` unless lines are reset.
    `da_h` is `da_x` itself for cells that add U x and W h before anything else happens. `dstates[k]` is
    (H, N), the gradient on its way back. Where nothing goes back, `da_x` and `da_h` hold a single step.
    """

    a_x: FloatArray
    a_h: FloatArray
    states: tuple[FloatArray, ...]
    previous: tuple[FloatArray, ...]
    da_x: FloatArray
    da_h: FloatArray
    dstates: tuple[FloatArray, ...]

    @property
    def num_steps(self) -> int:
        """T, the most steps a window may have."""
        return len(self.a_x)

    def extra(self) -> FloatArray:
        """Allocate a further (T, H, N) array for what a cell keeps beside its states."""
        return zeros(self.previous[0].shape, self.a_x.dtype)

    def scratch(self) -> FloatArray:
        """Allocate an (H, N) array that all steps share."""
        return zeros(self.dstates[0].shape, self.a_x.dtype)

    def step(self, t: int) -> dict[str, Any]:
        """Return the views that every cell's step has."""
        back = min(t, len(self.da_x) - 1)
        return {
            "a_x": self.a_x[t],
            "a_h": self.a_h,
            "h_prev": self.previous[0][t],
            "h": self.states[0][t + 1],
            "da_x": self.da_x[back],
            "da_h": self.da_h[back],
            "dh": self.dstates[0],
        }


HALF = {np.dtype(kind): np.array(0.5, kind) for kind in (np.float32, np.float64, np.complex128)}
"""One half as an array: for a single stream NumPy takes longer to convert a number than to multiply by it."""


def sigmoid_(a: FloatArray) -> None:
    """Replace a by sigma(a) = (1 + tanh(a / 2)) / 2, which overflows nowhere."""
    half = HALF[a.dtype]
    a *= half
    np.tanh(a, out=a)
    a *= half
    a += half


def sigmoid_and_tanh_(a: FloatArray, sigmoids: FloatArray) -> None:
    """Replace a by tanh(a), and its part `sigmoids` by sigma(a), with one call of tanh for both."""
    half = HALF[a.dtype]
    sigmoids *= half
    np.tanh(a, out=a)
    sigmoids *= half
    sigmoids += half


def sigmoid_slope(y: FloatArray, *, out: FloatArray) -> None:
    """Write the slope y (1 - y) of y = sigma(a)."""
    np.subtract(1, y, out=out)
    out *= y


def tanh_slope(y: FloatArray, *, out: FloatArray) -> None:
    """Write the slope 1 - y^2 of y = tanh(a)."""
    np.multiply(y, y, out=out)
    np.subtract(1, out, out=out)
