"""A recurrent layer as others see it: its cell and sizes, and the arrays of a window."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from charseq.arrays import BoolArray, FloatArray, TokenArray, zeros
from charseq.cells import Cell, Step
from charseq.cells.cell import CellArrays
from charseq.network.embedding import MAX_ONE_HOT, OneHot
from charseq.network.normalisation import Normalisation
from charseq.network.products import Product


@dataclass(slots=True)
class Layer:
    """A cell with the sizes of its layer; with `one_hot` the input is tokens instead of vectors.

    With `rms_norm`, W h(t-1) is normalised, see `normalisation.py`.
    """

    cell: Cell[Any]
    name: str
    input_size: int
    hidden_size: int
    one_hot: bool
    rms_norm: bool

    def normalisation(self, num_steps: int, num_streams: int | None, dtype: np.dtype) -> Normalisation | None:
        """Return memory to normalise W h(t-1), (G*H, N) or without N (G*H,); None if it stays as it is."""
        if not self.rms_norm:
            return None
        rows = self.cell.num_gates * self.hidden_size
        shape = (rows,) if num_streams is None else (rows, num_streams)
        return Normalisation(self.cell.num_gates, shape, num_steps, dtype)

    @property
    def summed_inputs(self) -> int:
        """The rows of the inputs in the product that sums the gradients of the weights."""
        return 0 if self.one_hot and self.input_size > MAX_ONE_HOT else self.input_size


SPARE_ROWS = 48
"""The rows that compiled products need to fill their last panels, see `panels.py`."""


class Scratch:
    """Flat memory for windows laid side by side; the layers share it, one after the other, in `backward`."""

    def __init__(self, layers: Sequence[Layer], num_tokens: int, vocab_size: int, dtype: np.dtype) -> None:
        outputs = max(layer.cell.num_gates * layer.hidden_size for layer in layers)
        inputs = max(layer.hidden_size + 1 + layer.summed_inputs for layer in layers)
        normed = outputs if any(layer.rms_norm for layer in layers) else 0
        most = max(outputs + normed + max(layer.hidden_size for layer in layers), inputs) + SPARE_ROWS
        self.da = zeros((num_tokens * most,), dtype)
        self.inputs = zeros((num_tokens * (inputs + SPARE_ROWS),), dtype)
        self.sums = zeros((outputs * inputs if num_tokens else 0,), dtype)
        self.one_hot = OneHot(num_tokens, vocab_size, dtype)

    def rows(self, num_rows: int, num_tokens: int) -> FloatArray:
        """Return memory of shape (num_rows, num_tokens) for stacked inputs; its content is arbitrary."""
        return self.inputs[: num_rows * num_tokens].reshape(num_rows, num_tokens)

    def sum_of_products(self, da: FloatArray, inputs: FloatArray) -> FloatArray:
        """Return da @ inputs.T, a sum over all steps and streams; the next call overwrites it."""
        out = self.sums[: len(da) * len(inputs)].reshape(len(da), len(inputs))
        np.matmul(da, inputs.T, out=out)
        return out


@dataclass(slots=True)
class LayerWork:
    """The arrays of one layer for a window: the values that `forward` keeps for `backward`, and scratch."""

    arrays: CellArrays
    steps: list[Step]
    b: FloatArray  #        (G*H, N), b repeated for every stream
    b_h: FloatArray  #      (H, N), b_h repeated for every stream
    dx: FloatArray  #       (T, D, N), empty if the input is one-hot
    through_W: FloatArray  # (H, N), the gradient of h(t-1) that passes through W
    db_h: FloatArray  #     (H, N), the gradient of b_h, summed over time, if W h is normalised
    norm: Normalisation | None
    U: Product
    W: Product
    U_back: Product
    W_back: Product
    scratch: Scratch
    compiled: Any  # a CompiledLayer, or None: NumPy computes the layer
    x: FloatArray | TokenArray = field(init=False)
    resets: BoolArray | None = field(init=False)
