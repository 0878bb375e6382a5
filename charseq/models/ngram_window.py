"""The tokens that n-grams look at: those of a window, and the last ones before it, which are the state."""

from dataclasses import dataclass

import numpy as np

from charseq.arrays import BoolArray, IndexArray, TokenArray
from charseq.network import State
from charseq.text import UNSEEN

CONTEXT = "ngram.context"
"""The state: the last C tokens that N streams have read, (N, C), UNSEEN where a stream has read fewer."""


def initial_state(batch_size: int, num_tokens: int) -> State:
    """Return the state of `batch_size` streams that have read nothing, with C = `num_tokens`."""
    return State({CONTEXT: np.full((batch_size, num_tokens), UNSEEN, np.int32)})


@dataclass(slots=True)
class ReadTokens:
    """The C tokens of the state and those of T steps, (C + T, N), and marks where a sequence begins."""

    read: TokenArray
    starts: BoolArray

    @classmethod
    def empty(cls) -> "ReadTokens":
        """Return a window in which nothing was read."""
        return cls(np.empty((0, 0), np.int32), np.empty((0, 0), np.bool_))

    @classmethod
    def after(cls, state: State, tokens: TokenArray, resets: BoolArray | None) -> "ReadTokens":
        """Return the window of `tokens` (T, N); before a token whose `resets` is true a stream is reset."""
        before = state.arrays[CONTEXT].T
        read = np.concatenate([before, tokens])
        starts = np.zeros(read.shape, np.bool_)
        if resets is not None:
            starts[len(before) :] = resets
        return cls(read, starts)

    def advance_(self, state: State) -> None:
        """Bring `state`, which was that before the window, to its end, in place."""
        context = state.arrays[CONTEXT]
        (num_streams, num_tokens), length = context.shape, len(self.read)
        last = np.full(num_streams, length - num_tokens - 1)
        context[...] = self.recall(last, np.arange(num_streams), num_tokens).arrays[CONTEXT]

    def recall(self, steps: IndexArray, streams: IndexArray, num_tokens: int) -> State:
        """Return the state of M streams: that of each of `streams` (M,) after its step of `steps` (M,)."""
        places = steps[:, None] + 1 + np.arange(num_tokens)
        tokens, starts = self.read[places, streams[:, None]], self.starts[places, streams[:, None]]
        later = np.flip(np.cumsum(np.flip(starts, 1), 1), 1) > starts  # a sequence starts after this token
        return State({CONTEXT: np.where(later, np.int32(UNSEEN), tokens)})
