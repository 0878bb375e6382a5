"""The recurrent cells: gate algebra in numpy. A new cell is one file and one line in `registry.py`."""

from typing import Any

from charseq.backend import use_numba
from charseq.cells.cell import Cell, Step
from charseq.config import BackendName
from charseq.registry import CELLS


def make_cell(name: str, backend: BackendName = "numpy") -> Cell[Any]:
    """Return a cell that is computed by `backend`; auto is numba if it is installed, else NumPy.

    A cell without a compiled twin is computed by NumPy. The first use of a compiled cell takes seconds.
    Raises ConfigError if the backend is numba and numba is not installed.
    """
    if use_numba(backend):
        from charseq.cells.compiled import COMPILED_CELLS

        if name in COMPILED_CELLS:
            return COMPILED_CELLS[name]
    cell: Cell[Any] = CELLS[name]
    return cell


__all__ = ["CELLS", "Cell", "Step", "make_cell"]
