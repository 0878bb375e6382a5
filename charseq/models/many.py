"""Readers of many texts at once, for any kind of model."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from charseq.arrays import FloatArray, IndexArray, TokenArray
from charseq.models.contract import LanguageModel, TextsReader, TokenReader


class Separately:
    """Reads each text with a reader of its own: as fast as one text after the other, but of any model."""

    def __init__(self, readers: Sequence[TokenReader]) -> None:
        self._readers = readers

    def put_(self, place: int, saved: Any) -> None:
        """Let the text at `place` go on from what a reader of one stream has saved."""
        self._readers[place].restore_(saved)

    def read(self, tokens: TokenArray) -> FloatArray:
        """Return the logits (N, V) of the token after each of `tokens` (N,)."""
        each = zip(self._readers, tokens.tolist(), strict=True)
        return np.stack([reader.read(token) for reader, token in each])

    def save(self) -> list[Any]:
        """Return a copy of what all texts have read."""
        return [reader.save() for reader in self._readers]

    def spread_(self, saved: list[Any], places: IndexArray) -> None:
        """Let text k go on from what the text at places[k] had read."""
        for reader, place in zip(self._readers, places.tolist(), strict=True):
            reader.restore_(saved[place])


def many_readers(model: LanguageModel, num_texts: int) -> TextsReader:
    """Return a reader of `num_texts` texts at once, a multiple of `tile_width`.

    A kind of model may have its own, the method `many` of its models; for any other, readers are made.
    """
    make = getattr(model, "many", None)
    if make is None:
        return Separately([model.reader() for _ in range(num_texts)])
    made: TextsReader = make(num_texts)
    return made
