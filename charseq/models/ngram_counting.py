"""Counting the n-grams of a text that may be long, in bounded memory.

At each place of the text the K tokens that begin there are one number, and these numbers are counted by
sorting. The shorter n-grams are the beginnings of the longest ones, in the same order, so one pass over the
sorted numbers gives all of them. Memory holds the different n-grams, and a part of the text at a time. Source
for counting by sorting on disk: Heafield, Pouzyrevsky, Clark and Koehn 2013, "Scalable modified Kneser-Ney
language model estimation".
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import NamedTuple, TypeAlias

import numpy as np

from charseq.arrays import BoolArray, IndexArray, TokenArray
from charseq.models.kneser_ney import narrow
from charseq.models.ngram_building import (
    AFTER_BEGIN,
    AFTER_NOTHING,
    AFTER_TOKEN,
    Building,
    Grams,
    count_different_contexts_,
)
from charseq.models.ngram_codes import Coder
from charseq.models.sorted_runs import SortedRuns
from charseq.text.batches import Window

NOTHING, BEGIN = -AFTER_NOTHING, -AFTER_BEGIN
"""The codes beside those of tokens: for an unknown token, and for the place before the first one."""
NUM_PLACES = np.uint64(4)
"""The factor that makes room in a number for the place of its tokens: `MAX_CODE` allows it."""

Text: TypeAlias = Callable[[], Iterable[Window]]
"""A function that reads a text from its beginning, in pieces of L pairs: windows of one axis, (L,)."""


class Counting(NamedTuple):
    """An event of counting n-grams: of the work `what`, `num_done` of `total` tokens of the text are done."""

    what: str
    num_done: int
    total: int


def count_ngrams(text: Text, *, vocab_size: int, order: int) -> Generator[Counting, None, list[Grams]]:
    """Return the n-grams of the orders 1 to `order` of a `text`, with the counts of Kneser-Ney; yield events.

    Raises CharseqError if the temporary file of a long text cannot be written.
    """
    if not order:
        return []
    total, start, occurrences, bare = _single_tokens(text, vocab_size)
    chars = np.flatnonzero(occurrences)
    counts = occurrences[chars] if order == 1 else np.zeros(len(chars), np.uint8)
    orders = [Grams(chars, narrow(counts), bare[chars])]
    if order > 1:
        coder = yield from _coder(text, start, total, Coder(order, vocab_size))
        building = Building(chars, order=order, vocab_size=vocab_size)
        with SortedRuns() as runs:
            for num_done, tokens in _parts(text, start, coder.width):
                before, codes = tokens[: -coder.width], coder.encode(tokens[1:])
                is_ngram = (tokens[1 : len(codes) + 1] >= 0) & (tokens[2 : len(codes) + 2] >= 0)
                place = np.maximum(-before, AFTER_TOKEN).astype(np.uint64)
                runs.add_((codes * NUM_PLACES + place)[is_ngram])
                yield Counting("counting", num_done, total)
            num_added, num_ngrams = 0, runs.num_added
            for codes, counts in runs.merged():
                codes, place = np.divmod(codes, NUM_PLACES)
                building.add_(coder.decode(codes), place, counts)
                num_added += int(counts.sum())
                yield Counting("sorting", total * num_added // num_ngrams, total)
        orders += building.orders()
        count_different_contexts_(orders, vocab_size)
    return orders


def _single_tokens(text: Text, vocab_size: int) -> tuple[int, int, IndexArray, BoolArray]:
    """Return the number of targets, the input before the first one, and two facts about each token (V,).

    These are its occurrences as a target, and whether it has occurred after nothing. The first input is
    NOTHING if it never is a target: no n-gram begins with it.
    """
    occurrences, bare = np.zeros(vocab_size, np.int64), np.zeros(vocab_size, np.bool_)
    start, follower = NOTHING, NOTHING
    total, is_first = 0, True
    for window in text():
        inputs, targets = window.inputs, window.targets
        total += len(targets)
        if is_first and len(inputs):
            start, follower, is_first = int(inputs[0]), int(targets[0]), False
        occurrences += np.bincount(targets + 1, minlength=vocab_size + 1)[1:]
        bare[targets[(inputs < 0) & (targets >= 0)]] = True
    if start >= 0 and not occurrences[start]:
        start = NOTHING
        bare[follower] |= follower >= 0
    return total, start, occurrences, bare


def _coder(text: Text, start: int, total: int, coder: Coder) -> Generator[Counting, None, Coder]:
    """Return the `coder`, ready to encode; yield events."""
    while not coder.is_ready:
        with SortedRuns() as runs:
            for num_done, tokens in _parts(text, start, coder.pair_width):
                runs.add_(coder.pairs(tokens[1:]))
                yield Counting("indexing", num_done, total)
            coder.double_(np.concatenate([codes for codes, _ in runs.merged()]))
    return coder


def _parts(text: Text, start: int, width: int) -> Iterator[tuple[int, TokenArray]]:
    """Yield parts of the tokens of a `text`, and the number of targets read.

    `width` tokens begin at each place of a part, but for its first, which is only there to be the one before,
    and its last `width` - 1. Each place of the text is such a place of one part.
    """
    num_done, tail = 0, np.full(1, NOTHING, np.int32)
    for window in text():
        tokens = np.concatenate([tail, _sequences(window, None if num_done else start)])
        num_done += len(window.targets)
        if len(tokens) > width:
            yield num_done, tokens
            tail = tokens[len(tokens) - width :]
        else:
            tail = tokens
    yield num_done, np.concatenate([tail, np.full(width, NOTHING, np.int32)])


def _sequences(window: Window, start: int | None) -> TokenArray:
    """Return the targets, with BEGIN and the first input before those of each new sequence.

    At the beginning of the text, `start` is to take the place of its first input.
    """
    tokens, resets = window.targets, window.resets
    if resets is not None:
        lengths = 1 + 2 * resets
        begins = (np.cumsum(lengths) - lengths)[resets]
        tokens = np.repeat(tokens, lengths)
        tokens[begins], tokens[begins + 1] = BEGIN, window.inputs[resets]
    if start is not None and len(tokens):
        if tokens[0] == BEGIN:
            tokens[1] = start
        else:
            tokens = np.concatenate([np.array([start], np.int32), tokens])
    return tokens
