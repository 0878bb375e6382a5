"""The recurrent cells: gate algebra in numpy. A new cell is one file and one line in `registry.py`."""

from charseq.cells.cell import Cell, Step
from charseq.registry import CELLS

__all__ = ["CELLS", "Cell", "Step"]
