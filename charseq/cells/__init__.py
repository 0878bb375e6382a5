"""The recurrent cells: gate algebra in numpy. A new cell is one file and one word here."""

from typing import Any

from charseq.backend import use_numba
from charseq.cells.cell import Cell, Step
from charseq.cells.gru import GRU
from charseq.cells.lstm import LSTM
from charseq.cells.rnn import RNN
from charseq.config import KernelName

CELLS: dict[str, Cell[Any]] = {cell.name: cell for cell in (GRU(), LSTM(), RNN())}
"""Every cell by its name in the settings."""


def cells_by(kernels: KernelName) -> dict[str, Cell[Any]]:
    """Return every cell as NumPy or numba computes it; auto is numba where it is installed.

    A cell without a compiled twin is computed by NumPy. The first use of a compiled one takes seconds.
    Raises ConfigError where numba is wanted and missing.
    """
    if not use_numba(kernels):
        return CELLS
    from charseq.cells.compiled import COMPILED_CELLS

    return CELLS | COMPILED_CELLS


__all__ = ["CELLS", "Cell", "Step", "cells_by"]
