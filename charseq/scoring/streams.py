"""Parts of a text that are read in parallel streams, because nothing before them matters to the model."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from charseq.arrays import BoolArray, TokenArray
from charseq.models import LanguageModel

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


class Group(NamedTuple):
    """Streams that are read in parallel: the parts of a text between `bounds` (LINE_STREAMS + 1,).

    Before each part, the `context` tokens before it are read.
    """

    bounds: TokenArray
    context: int

    def windows(self) -> Iterator[tuple[TokenArray, bool]]:
        """Yield the places (T, N) of each window, -1 where a stream has ended; say if it is the context."""
        begins, lengths = self.bounds[:-1], np.diff(self.bounds)
        for t in range(-self.context, 0, LINE_STEPS):
            yield begins + np.arange(t, min(t + LINE_STEPS, 0))[:, None], True
        for t in range(0, lengths.max(), LINE_STEPS):
            steps = np.arange(t, min(t + LINE_STEPS, lengths.max()))[:, None]
            yield np.where(steps < lengths, begins + steps, -1), False


def groups_of(starts: BoolArray | None, num_tokens: int, context: int | None) -> list[Group]:
    """Return the groups of streams into which a piece of text is cut, one after the other; there may be none.

    They are parts of whole lines or, if only the last `context` tokens matter to the model, any parts behind
    so many tokens. They do not depend on the number of cores.
    """
    most = min(MOST_GROUPS, num_tokens // GROUP_TOKENS)
    for num_groups in (most, 1):
        bounds = line_streams(starts, LINE_STREAMS * max(1, num_groups))
        if len(bounds):
            return _groups(bounds, 0)
    if context is None or context > LINE_STEPS or not most:
        return []
    bounds = np.linspace(context, num_tokens, most * LINE_STREAMS + 1).round().astype(np.int32)
    return _groups(bounds, context)


def _groups(bounds: TokenArray, context: int) -> list[Group]:
    firsts = range(0, len(bounds) - 1, LINE_STREAMS)
    return [Group(bounds[first : first + LINE_STREAMS + 1], context) for first in firsts]


def context_of(model: LanguageModel) -> int | None:
    """Return the number of tokens before a token that its successor depends on; None if all of them matter.

    A kind of model may say it, by the attribute `context` of its models; then one stream is read in parallel,
    too.
    """
    found: int | None = getattr(model, "context", None)
    return found
