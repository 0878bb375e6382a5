"""Sums over equally long blocks of a text, at most a fixed number of them."""

import numpy as np

from charseq.arrays import FloatArray

BLOCK_CHARS, MAX_BLOCKS = 256, 1024
"""The shortest length of a block in characters, and the number of blocks at which neighbours are joined."""


class Blocks:
    """Sums of `num_columns` figures over blocks of a text; `block_chars` doubles while the text grows."""

    def __init__(
        self, num_columns: int, *, block_chars: int = BLOCK_CHARS, max_blocks: int = MAX_BLOCKS
    ) -> None:
        self.block_chars, self._max_blocks = block_chars, max_blocks
        self._sums = np.zeros((max_blocks + 1, num_columns))
        self._num_full, self._num_open = 0, 0

    @property
    def sums(self) -> FloatArray:
        """The sums (B, num_columns) of all blocks, of which the last one may be shorter."""
        return self._sums[: self._num_full + (self._num_open > 0)]

    def add(self, columns: FloatArray) -> None:
        """Add the figures (L, num_columns) of the next L characters."""
        while len(columns):
            part = columns[: self.block_chars - self._num_open]
            columns = columns[len(part) :]
            self._sums[self._num_full] += part.sum(axis=0)
            self._num_open += len(part)
            if self._num_open == self.block_chars:
                self._num_full, self._num_open = self._num_full + 1, 0
            if self._num_full == self._max_blocks:
                self._join_()

    def _join_(self) -> None:
        half = self._max_blocks // 2
        self._sums[:half] = self._sums[: 2 * half].reshape(half, 2, -1).sum(axis=1)
        self._sums[half:] = 0
        self._num_full, self.block_chars = half, 2 * self.block_chars
