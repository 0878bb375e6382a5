"""The contract of a cell: pointwise algebra from one step's products to its new state, and the way back.

A cell multiplies no matrices, has no loop over time and owns no parameters: `network/recurrent.py` does all
of that, once for all cells. The simplest cell is in `rnn.py`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from charseq.arrays import FloatArray, zeros


@dataclass(slots=True)
class Step:
    """The arrays of one time step: named views of arrays that outlive the step, each (H, N) unless noted.

    Before `forward`, `a_x` holds U x(t) + b and `a_h` holds W h(t-1), which the layer may have normalised.
    Both are (G*H, N), a block of H rows for each gate, in the order of the cell's equations. Before
    `backward`, `dh` holds d loss / d h(t); `backward` fills `da_x` and `da_h`. A cell that `keeps_h` also
    changes `dh` to the part of the gradient that reaches h(t-1) without passing through W.
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
    """A recurrent cell: call `allocate` once, then `forward` step by step and `backward` in reverse order."""

    name: ClassVar[str]
    """The cell's name in settings and files."""
    num_gates: ClassVar[int]
    """G, the number of blocks of H rows in U and in W."""
    state_names: ClassVar[tuple[str, ...]] = ("h",)
    """The names of the arrays carried from step to step; the first is the output h."""
    has_recurrent_bias: ClassVar[bool] = False
    """True if the last gate adds b_h, of shape (H,), to its block of W h(t-1)."""
    forget_gate: ClassVar[int | None] = None
    """The index of the gate whose bias starts at 1, so that a new cell remembers; None if there is none."""
    keeps_h: ClassVar[bool] = False
    """True if part of h(t-1) reaches h(t) without passing through W."""
    gates: ClassVar[Mapping[str, str]] = {}
    """The full names of the sigmoid gates, by their names in the step; the candidate is not among them."""
    candidate: ClassVar[str | None] = None
    """The name in the step of the candidate, the tanh that a gate lets in; None if there is none."""

    @abstractmethod
    def allocate(self, arrays: "CellArrays") -> list[S]:
        """Return the views of every step, so that `forward` and `backward` need not slice or allocate."""

    @abstractmethod
    def forward(self, s: S) -> None:
        """Compute the new state from `a_x`, `a_h` and the previous state; keep what `backward` needs."""

    @abstractmethod
    def backward(self, s: S) -> None:
        """Compute `da_x` and `da_h` from `dh`; turn the gradients of other states at t into those at t-1."""


@dataclass(slots=True)
class CellArrays:
    """The arrays of a cell for a window of T steps, N streams and G gates of H units.

    `a_x` is (T, G*H, N) and `a_h` is (G*H, N). `states[k]` is (T + 1, H, N): slot 0 is the carried state,
    slot t + 1 the result of step t. `previous[k]` is (T, H, N), the state before each step: a view of
    `states[k]`, or an array of its own if states may be reset. `da_x` and `da_h` are (T, G*H, N), or hold a
    single step if there is no backward pass. They are the same array for a cell that only uses the sum of
    U x and W h, which writes `da_x`; where W h is normalised, the layer makes them two. `dstates[k]` is
    (H, N), the gradient that is passed back from step to step. `extras` are the arrays that the cell asked
    for with `extra`.
    """

    a_x: FloatArray
    a_h: FloatArray
    states: tuple[FloatArray, ...]
    previous: tuple[FloatArray, ...]
    da_x: FloatArray
    da_h: FloatArray
    dstates: tuple[FloatArray, ...]
    extras: list[FloatArray] = field(default_factory=list)

    @property
    def num_steps(self) -> int:
        """T, the largest number of steps in a window."""
        return len(self.a_x)

    def extra(self) -> FloatArray:
        """Allocate a (T, H, N) array for values that a cell keeps for `backward` beside its states."""
        self.extras.append(zeros(self.previous[0].shape, self.a_x.dtype))
        return self.extras[-1]

    def scratch(self) -> FloatArray:
        """Allocate an (H, N) array that all steps share."""
        return zeros(self.dstates[0].shape, self.a_x.dtype)

    def step(self, t: int) -> dict[str, Any]:
        """Return the fields of `Step` for step t, by name."""
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


HALF, ONE = (
    {np.dtype(kind): np.array(number, kind) for kind in (np.float32, np.float64, np.complex128)}
    for number in (0.5, 1)
)
"""One half and one as arrays, by dtype: for few streams, converting a Python number takes NumPy as long as
the multiplication itself."""


def sigmoid_(a: FloatArray) -> None:
    """Replace a by sigma(a) = (1 + tanh(a / 2)) / 2, which never overflows."""
    half = HALF[a.dtype]
    a *= half
    np.tanh(a, out=a)
    a *= half
    a += half


def sigmoid_and_tanh_(a: FloatArray, sigmoids: FloatArray) -> None:
    """Replace a by tanh(a), but its part `sigmoids` by sigma(a), with a single call of tanh."""
    half = HALF[a.dtype]
    sigmoids *= half
    np.tanh(a, out=a)
    sigmoids *= half
    sigmoids += half


def complement(y: FloatArray, *, out: FloatArray) -> None:
    """Write 1 - y."""
    np.subtract(ONE[y.dtype], y, out=out)


def sigmoid_slope(y: FloatArray, *, out: FloatArray) -> None:
    """Write the slope y (1 - y) of y = sigma(a)."""
    complement(y, out=out)
    out *= y


def tanh_slope(y: FloatArray, *, out: FloatArray) -> None:
    """Write the slope 1 - y^2 of y = tanh(a)."""
    np.multiply(y, y, out=out)
    complement(out, out=out)
