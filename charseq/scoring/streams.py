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


class Group(NamedTuple):
    """Streams that are read in parallel: the places of their tokens in a text, (T, LINE_STREAMS).

    A place is -1 where a stream has ended. The first `context` steps are read and not scored.
    """

    places: TokenArray
    context: int = 0

    def windows(self) -> Iterator[tuple[TokenArray, bool]]:
        """Yield the places of each window, and whether it is scored."""
        for first, last in ((0, self.context), (self.context, len(self.places))):
            for begin in range(first, last, LINE_STEPS):
                yield self.places[begin : min(begin + LINE_STEPS, last)], first > 0 or self.context == 0


class Cut(NamedTuple):
    """The groups of a piece of text: all from the token `first` up to `last` is in them.

    `context` tokens before `last` are enough to go on from there.
    """

    groups: list[Group]
    first: int
    last: int
    context: int = 0


NO_CUT = Cut([], 0, 0)


def cut(starts: BoolArray | None, num_tokens: int, context: int | None) -> Cut:
    """Return the groups of streams into which a piece of text is cut; there may be none.

    They are whole lines or, if only the last `context` tokens matter to the model, any parts behind so many
    tokens. They do not depend on the number of cores.
    """
    most = min(MOST_GROUPS, num_tokens // GROUP_TOKENS)
    for num_groups in (most, 1):
        places = None if starts is None else deal_lines(starts, LINE_STREAMS * max(1, num_groups))
        if starts is not None and places is not None:
            lines = np.flatnonzero(starts)
            return Cut([Group(_trimmed(some)) for some in _groups(places)], int(lines[0]), int(lines[-1]))
    if context is None or context > LINE_STEPS or not most:
        return NO_CUT
    bounds = np.linspace(context, num_tokens, most * LINE_STREAMS + 1).round().astype(np.int32)
    steps = np.arange(-context, np.diff(bounds).max())[:, None]
    places = np.where(steps < np.diff(bounds), bounds[:-1] + steps, -1)
    return Cut([Group(some, context) for some in _groups(places)], context, num_tokens, context)


def deal_lines(starts: BoolArray, num_streams: int) -> TokenArray | None:
    """Return the places (T, num_streams) of the tokens of whole lines, dealt out to streams; None if too few.

    The last line, which may go on, is left out. The longest lines are dealt first, from left to right, the
    next ones from right to left, and so on, so that the streams end nearly together. None, too, if a stream
    were so long that it does not pay.
    """
    lines = np.flatnonzero(starts)
    if len(lines) <= num_streams:
        return None
    lengths = np.diff(lines)
    order = np.argsort(-lengths, kind="stable")
    rounds, streams = np.divmod(np.arange(len(order)), num_streams)
    streams = np.where(rounds % 2, num_streams - 1 - streams, streams)
    dealt = np.zeros((rounds[-1] + 1, num_streams), np.int64)
    dealt[rounds, streams] = lengths[order]
    ends = np.cumsum(dealt, axis=0)
    longest, total = int(ends[-1].max()), int(lengths.sum())
    if longest * num_streams > 4 * total:
        return None
    places = np.full((longest, num_streams), -1, np.int32)
    sizes = lengths[order]
    inside = np.arange(total) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    steps = np.repeat((ends - dealt)[rounds, streams], sizes) + inside
    places[steps, np.repeat(streams, sizes)] = np.repeat(lines[:-1][order], sizes) + inside
    return places


def _groups(places: TokenArray) -> list[TokenArray]:
    """Return the places (T, LINE_STREAMS) of each group."""
    return [places[:, first : first + LINE_STREAMS] for first in range(0, places.shape[1], LINE_STREAMS)]


def _trimmed(places: TokenArray) -> TokenArray:
    """Return the places up to the step at which the last stream ends."""
    return places[: int((places >= 0).sum(axis=0).max())]


def context_of(model: LanguageModel) -> int | None:
    """Return the number of tokens before a token that its successor depends on; None if all of them matter.

    A kind of model may say it, by the attribute `context` of its models; then one stream is read in parallel,
    too.
    """
    found: int | None = getattr(model, "context", None)
    return found
