"""Many texts made together, a token of each at a step; where one ends, the next begins.

The text of a seed and an index is the same whatever is made beside it: it has random numbers of its own, and
a place among the columns of its tile that depends on the index alone; see `network/readers.py` and
`network/long_reader.py`.
"""

from collections.abc import Callable, Generator, Iterator

import numpy as np

from charseq.arrays import FloatArray
from charseq.models import TextsReader
from charseq.models.many import Separately
from charseq.network.loss import log_softmax
from charseq.network.products import tile_width
from charseq.sampling.draft import Draft, SampledText
from charseq.sampling.draws import Drawer, draw_each
from charseq.sampling.order import Order
from charseq.sampling.start import Start

TEXTS_AT_ONCE = 64
"""The largest number of texts that are made together."""


def written(start: Start, order: Order) -> Iterator[SampledText]:
    """Yield the texts of an order by their indices, each when those before it are finished."""
    slots, waiting = _Slots(start, order), dict[int, SampledText]()
    for index in order.indices:
        while index not in waiting:
            for text in slots.step():
                waiting[text.index] = text
        yield waiting.pop(index)


def written_one(start: Start, order: Order) -> Generator[str, None, SampledText]:
    """Yield the pieces of the single text of an order as they are made; return the text, without its nats."""
    draft, token = Draft(start, order, order.first), start.token
    drawer = Drawer(order.config, start.codec.vocab_size)
    read = _in_a_tile(start, order.first) if order.is_exact and not start.reads_one else start.going_on().read
    while not draft.is_finished:
        logits = start.codec.possible(read(token), token)
        token = drawer.draw(logits, draft.rng, draft.num_chars)
        if piece := draft.take(token, 0.0):
            yield piece
    return draft.finished()


def _in_a_tile(start: Start, index: int) -> Callable[[int], FloatArray]:
    """Return a function that reads a token of one text, with the bits that it has among others."""
    width = tile_width()
    place, readers, tokens = index % width, start.readers(width), np.full(width, start.token, np.int32)
    readers.put_(place, start.saved)

    def read(token: int) -> FloatArray:
        tokens[place] = token
        logits: FloatArray = readers.read(tokens)[place]
        return logits

    return read


class _Slots:
    """The places where texts are written; the indices at a place have the same remainder by `tile_width`."""

    def __init__(self, start: Start, order: Order) -> None:
        indices, self._end = order.indices, order.indices.stop
        self._start, self._order = start, order
        if start.reads_one:
            self._width, num_slots = 1, 1
            self._readers: TextsReader = Separately([start.going_on()])
        else:
            self._width = tile_width()
            num_slots = _num_slots(len(indices), self._width)
            self._readers = start.readers(num_slots)
        residues = range(self._width)
        self._next = [indices.start + (k - indices.start) % self._width for k in residues]
        self._tokens = np.full(num_slots, start.token, np.int32)
        self._drafts: list[Draft | None] = [None] * num_slots
        for place in range(num_slots):
            self._begin(place)

    def step(self) -> list[SampledText]:
        """Write one more token of each text, and return those that are finished."""
        done = self._finished()  # those of no characters
        if not done:
            self._write()
            done = self._finished()
        texts = [draft.finished() for _, draft in done]
        for place, _ in done:
            self._begin(place)
        return texts

    def _finished(self) -> list[tuple[int, Draft]]:
        """Return the texts that are finished, each with its place."""
        return [(place, draft) for place, draft in enumerate(self._drafts) if draft and draft.is_finished]

    def _begin(self, place: int) -> None:
        """Begin the next text at a place, if there is one."""
        index, self._drafts[place] = self._next[place % self._width], None
        if index < self._end:
            self._next[place % self._width] += self._width
            self._readers.put_(place, self._start.saved)
            self._tokens[place] = self._start.token
            self._drafts[place] = Draft(self._start, self._order, index)

    def _write(self) -> None:
        """Write a token of each text."""
        places, drafts = zip(*((k, draft) for k, draft in enumerate(self._drafts) if draft), strict=True)
        logits = self._start.codec.possible(self._readers.read(self._tokens), self._tokens)[list(places)]
        rngs, lengths = [draft.rng for draft in drafts], [draft.num_chars for draft in drafts]
        tokens = draw_each(logits, self._order.config, rngs, lengths)
        self._tokens[list(places)] = tokens
        for draft, token, nats in zip(drafts, tokens, _nats(logits, tokens), strict=True):
            draft.take(token, nats)


def _num_slots(num_texts: int, width: int) -> int:
    """Return how many texts to make at once so that all places are about equally long in use."""
    rounds = -(-num_texts // TEXTS_AT_ONCE)
    return -(-num_texts // (rounds * width)) * width


def _nats(logits: FloatArray, tokens: list[int]) -> list[float]:
    """Return -log p of the token drawn in each row of `logits` (N, V)."""
    found: list[float] = (-log_softmax(logits)[np.arange(len(tokens)), tokens]).tolist()
    return found
