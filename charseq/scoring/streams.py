"""Parts of a text that are read in parallel streams, because each begins from the zero state."""

from collections.abc import Iterator

import numpy as np

from charseq.arrays import BoolArray, TokenArray

LINE_STREAMS, LINE_STEPS = 32, 64
"""The number of parallel streams in which lines are read, and of steps in their windows."""
GROUP_TOKENS, MOST_GROUPS = LINE_STREAMS * 512, 16
"""The tokens from which on there is one more group of such streams, and the most groups of a piece of text.

The groups are dealt out to the cores. In shorter streams, too much time is lost at the ends, where one stream
waits for another.
"""


def line_streams(starts: BoolArray | None, num_streams: int = LINE_STREAMS) -> TokenArray:
    """Return the bounds of `num_streams` parts of whole lines, (num_streams + 1,), or an empty array.

    It is empty if there are too few lines to cut the text, or one part would be so long that it does not pay.
    """
    nowhere = np.empty(0, np.int32)
    if starts is None or np.sum(starts) <= num_streams:
        return nowhere
    lines = np.flatnonzero(starts).astype(np.int32)
    even = np.linspace(lines[0], lines[-1], num_streams + 1)
    bounds = lines[np.searchsorted(lines, even)]
    longest = np.diff(bounds).max()
    return bounds if longest * num_streams <= 4 * (bounds[-1] - bounds[0]) else nowhere


def line_groups(starts: BoolArray | None) -> list[TokenArray]:
    """Return the bounds (LINE_STREAMS + 1,) of each group of streams; the groups follow each other.

    They do not depend on the number of cores.
    """
    most = min(MOST_GROUPS, 0 if starts is None else len(starts) // GROUP_TOKENS)
    for num_groups in (most, 1):
        bounds = line_streams(starts, LINE_STREAMS * max(1, num_groups))
        if len(bounds):
            firsts = range(0, len(bounds) - 1, LINE_STREAMS)
            return [bounds[first : first + LINE_STREAMS + 1] for first in firsts]
    return []


def windows(bounds: TokenArray) -> Iterator[TokenArray]:
    """Yield the places (T, N) of each window of a group of streams, -1 where a stream has ended."""
    begins, lengths = bounds[:-1], np.diff(bounds)
    for t in range(0, lengths.max(), LINE_STEPS):
        steps = np.arange(t, min(t + LINE_STEPS, lengths.max()))[:, None]
        yield np.where(steps < lengths, begins + steps, -1)
