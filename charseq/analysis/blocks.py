"""Sums over equally long blocks of a text, at most a fixed number, and the error that their spread shows.

Characters that stand close to each other are easy or hard together, so they are not independent. Blocks that
are long enough are nearly independent.
"""

import math

import numpy as np

from charseq.arrays import FloatArray
from charseq.scoring import bits

BLOCK_CHARS, MAX_BLOCKS = 256, 1024
"""The shortest length of a block in characters, and the number of blocks at which neighbours are joined."""
MIN_BLOCKS = 8
"""The fewest blocks from which an error is computed."""
NUM_RESAMPLES = 1000


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


def resampled_ratios(numerators: FloatArray, denominators: FloatArray) -> FloatArray:
    """Return the ratio of the sums over B blocks drawn with replacement, for each of NUM_RESAMPLES draws.

    The blocks are (B,), or (B, K) for K ratios at once; for fewer than MIN_BLOCKS the result is empty. The
    draws are the same in every call. Sources: Efron 1979, "Bootstrap methods: another look at the jackknife";
    for blocks Carlstein 1986, "The use of subseries values for estimating the variance of a general statistic
    from a stationary sequence".
    """
    num_blocks = len(numerators)
    if num_blocks < MIN_BLOCKS:
        return np.empty(0)
    rng = np.random.default_rng(0)
    times = rng.multinomial(num_blocks, np.full(num_blocks, 1 / num_blocks), NUM_RESAMPLES)
    ratios: FloatArray = (times @ numerators) / (times @ denominators)
    return ratios


def standard_error(nats: FloatArray, num_chars: FloatArray) -> float:
    """Return the standard error of the bits per character of blocks (B,); nan for too few blocks."""
    ratios = resampled_ratios(nats, num_chars)
    return bits(float(np.std(ratios, ddof=1))) if len(ratios) else math.nan
