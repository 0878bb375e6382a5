"""The recurrent cells: gate algebra, in numpy and nothing else. A new cell is one file and one word here."""

from typing import Any

from charseq.cells.cell import Cell, Step
from charseq.cells.gru import GRU
from charseq.cells.lstm import LSTM
from charseq.cells.rnn import RNN

CELLS: dict[str, Cell[Any]] = {cell.name: cell for cell in (GRU(), LSTM(), RNN())}
"""Every cell by its name in the settings."""

__all__ = ["CELLS", "Cell", "Step"]
