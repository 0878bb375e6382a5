"""The state that a model carries from window to window: what each stream of text has left behind."""

from charseq.arrays import FloatArray, IndexArray


class State:
    """The state of N streams: arrays by name, each with a row for every stream.

    Those of a recurrent network are the arrays of each layer's cell, (N, H) each.
    """

    def __init__(self, arrays: dict[str, FloatArray]) -> None:
        self.arrays = arrays

    def layer(self, name: str, state_names: tuple[str, ...]) -> tuple[FloatArray, ...]:
        """Return the arrays of the layer `name`, in the order of the cell's `state_names`."""
        return tuple(self.arrays[f"{name}.{state}"] for state in state_names)

    def reset_(self) -> None:
        """Set every stream to the zero state, in place."""
        for array in self.arrays.values():
            array.fill(0)

    def roll_(self) -> None:
        """Give every stream's state to the next stream, in place; the first stream gets the zero state."""
        for array in self.arrays.values():
            array[1:] = array[:-1].copy()
            array[0] = 0

    def take(self, streams: IndexArray) -> "State":
        """Return a copy of the rows `streams` (M,), the state of M streams; a row may be taken twice."""
        return State({name: array[streams] for name, array in self.arrays.items()})
