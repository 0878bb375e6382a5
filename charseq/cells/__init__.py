"""The recurrent cells: gate algebra in numpy. A new cell is one file and one line in `registry.py`."""

from typing import Any

from charseq.backend import use_numba
from charseq.cells.cell import Cell, Step
from charseq.config import BackendName
from charseq.registry import CELLS


def make_cell(name: str, backend: BackendName = "numpy") -> Cell[Any]:
    """Return a cell as NumPy or numba computes it; auto is numba where it is installed.

    A cell without a compiled twin is computed by NumPy. The first use of a compiled one takes seconds.
    Raises ConfigError where numba is wanted and missing.
    """
    if use_numba(backend):
        from charseq.cells.compiled import COMPILED_CELLS

        if name in COMPILED_CELLS:
            return COMPILED_CELLS[name]
    cell: Cell[Any] = CELLS[name]
    return cell


__all__ = ["CELLS", "Cell", "Step", "make_cell"]
