"""The passages of a text on which several models differ most."""

import heapq
from dataclasses import dataclass

import numpy as np

from charseq.arrays import FloatArray

PASSAGE_CHARS = 64


@dataclass(frozen=True, slots=True)
class Passage:
    """A few characters, their offset in the file in characters, and their surprisal under each model."""

    file: str
    offset: int
    text: str
    nats: tuple[float, ...]

    @property
    def spread(self) -> float:
        """The difference between the worst and the best model, in nats."""
        return max(self.nats) - min(self.nats)


class Passages:
    """Cuts each file into passages of PASSAGE_CHARS and keeps the `num` on which the models differ most."""

    def __init__(self, num: int) -> None:
        self._num, self._kept = num, list[Passage]()
        self._file, self._offset, self._text, self._nats = "", 0, "", np.empty((0, 0))

    def begin(self, file: str) -> None:
        """Begin with another file."""
        self._kept = self.kept
        self._file, self._offset, self._text, self._nats = file, 0, "", np.empty((0, 0))

    def add(self, text: str, nats: FloatArray) -> None:
        """Take the next piece of the file, with its surprisal under M models in nats, (L, M)."""
        text, nats = self._text + text, np.concatenate([self._nats, nats]) if self._text else nats
        num_whole = len(text) // PASSAGE_CHARS
        end = num_whole * PASSAGE_CHARS
        sums = nats[:end].reshape(num_whole, PASSAGE_CHARS, nats.shape[1]).sum(axis=1)
        self._kept = self._widest(self._found(text, sums))
        self._offset, self._text, self._nats = self._offset + end, text[end:], nats[end:]

    @property
    def kept(self) -> list[Passage]:
        """The passages on which the models differ most, these first; among equals the earlier one."""
        sums = self._nats.sum(axis=0, keepdims=True)
        return self._widest(self._found(self._text, sums) if self._text else [])

    def _found(self, text: str, sums: FloatArray) -> list[Passage]:
        """Return the passages that may be among those kept, from their `sums` (P, M)."""
        spreads = np.ptp(sums, axis=1)
        widest = np.argsort(-spreads, kind="stable")[: self._num]
        begins = [(k, k * PASSAGE_CHARS) for k in widest.tolist() if spreads[k] > 0]
        return [
            Passage(self._file, self._offset + at, text[at : at + PASSAGE_CHARS], tuple(sums[k].tolist()))
            for k, at in begins
        ]

    def _widest(self, found: list[Passage]) -> list[Passage]:
        return heapq.nlargest(self._num, [*self._kept, *found], key=lambda passage: passage.spread)
