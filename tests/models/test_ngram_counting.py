"""Counting n-grams of a long text in pieces, against counting them in plain Python."""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.models import Counting, NGram, ngram_codes, sorted_runs
from charseq.text.batches import Window

V = 4
UNSEEN = -1
tokens_of_text = st.lists(st.integers(UNSEEN, V - 1), max_size=60)
Counts = list[tuple[list[int], list[int]]]


def pieces_of(
    start: int, targets: Sequence[int], resets: Sequence[bool] | None = None, cuts: Sequence[int] = ()
) -> list[Window]:
    """Return a text in pieces; `start` is the input before its first target."""
    inputs = np.array([start, *targets][: len(targets)], np.int32)
    flags = None if resets is None else np.array(resets, np.bool_)
    bounds = [0, *sorted(min(cut, len(targets)) for cut in cuts), len(targets)]
    return [
        Window(inputs[a:b], np.array(targets, np.int32)[a:b], None if flags is None else flags[a:b])
        for a, b in itertools.pairwise(bounds)
    ]


def counted(pieces: list[Window], order: int, vocab_size: int = V) -> tuple[Counts, list[Counting]]:
    """Return keys and counts of each order, and the events."""
    model = NGram([], vocab_size)
    events = list(model.count_(lambda: iter(pieces), order))
    return [(level.keys.tolist(), level.counts.tolist()) for level in model.levels], events


# ---- the plain twin


def plain_counts(
    start: int, targets: Sequence[int], resets: Sequence[bool] | None, order: int, vocab_size: int = V
) -> Counts:
    """Return keys and counts of each order by the definitions, as Chen and Goodman have them.

    A sequence is its first input and its targets. An n-gram lies in one sequence, ends with a target, and has
    no unseen token, nor the first input of the text if that is never a target. The highest order counts
    occurrences. A lower order counts different tokens before, and an unseen one or none is a token, too; but
    where sequences begin anew, an occurrence at the beginning counts for itself (Heafield et al. 2013).
    """
    begins = [place for place, reset in enumerate(resets or []) if reset]
    inputs = [start if start in targets else UNSEEN, *targets]
    lefts: list[defaultdict[tuple[int, ...], list[object]]] = [defaultdict(list) for _ in range(order)]
    for begin, end in itertools.pairwise(sorted({0, *begins, len(targets)})):
        sequence = inputs[begin : end + 1]
        for last, k in itertools.product(range(1, len(sequence)), range(1, order + 1)):
            first = last - k + 1
            gram = tuple(sequence[max(0, first) : last + 1])
            if first < 0 or UNSEEN in gram:
                continue
            left: object = sequence[first - 1] if first else UNSEEN
            if first == 0 and begin in begins:
                left = object()  # it differs from all others
            lefts[k - 1][gram].append(left)
    found, ranks = Counts(), {(): 0}
    for k, grams in enumerate(lefts, start=1):
        keys = [ranks[gram[:-1]] * vocab_size + gram[-1] for gram in sorted(grams)]
        counts = [len(grams[gram] if k == order else set(grams[gram])) for gram in sorted(grams)]
        ranks = {gram: number for number, gram in enumerate(sorted(grams))}
        found.append((keys, counts))
    return found


@settings(deadline=None, max_examples=150)
@given(st.integers(UNSEEN, V - 1), tokens_of_text, st.integers(0, 8), st.data())
def test_counts_are_those_of_the_plain_twin(
    start: int, targets: list[int], order: int, data: st.DataObject
) -> None:
    """With any beginning, sequences, unseen tokens, pieces, sizes of runs and lengths of blocks."""
    resets = None
    if data.draw(st.booleans()):
        flags = st.lists(st.booleans(), min_size=len(targets), max_size=len(targets))
        resets = [True, *data.draw(flags)][: len(targets)]
    pieces = pieces_of(start, targets, resets, data.draw(st.lists(st.integers(0, 60), max_size=4)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorted_runs, "RUN_SIZE", data.draw(st.sampled_from([1, 3, 17, 1 << 12])))
        patch.setattr(sorted_runs, "MERGE_SIZE", data.draw(st.sampled_from([1, 5, 1 << 12])))
        patch.setattr(ngram_codes, "MAX_CODE", data.draw(st.sampled_from([30, 500, 1 << 62])))
        found, _ = counted(pieces, order)
    assert found == plain_counts(start, targets, resets, order)


def test_a_vocabulary_too_large_for_one_number() -> None:
    """Six tokens of 60,000 have 95 bits: blocks of tokens are ranked first, and nothing else changes."""
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 60_000, 300).tolist() * 2 + rng.integers(0, 60_000, 200).tolist()
    found, events = counted(pieces_of(UNSEEN, targets, None, [100]), 6, 60_000)
    assert found == plain_counts(UNSEEN, targets, None, 6, 60_000)
    assert {event.what for event in events} == {"indexing", "counting", "sorting"}


def test_progress_is_told_in_tokens() -> None:
    """For each piece that is read, and for each that is sorted, up to the end."""
    _, events = counted(pieces_of(UNSEEN, [0, 1, 2, 1] * 10, None, [10, 30]), 3)
    assert [event.num_done for event in events if event.what == "counting"] == [10, 30, 40, 40]
    assert events[-1] == Counting("sorting", 40, 40)
    _, events = counted(pieces_of(UNSEEN, [0, UNSEEN, 2, UNSEEN] * 10), 3)  # unseen ones are read, too
    assert {event.total for event in events} == {40}


def test_a_text_is_read_piece_by_piece() -> None:
    """No piece is asked for before the one before it has been worked on, so that memory holds only one."""
    pieces, asked = pieces_of(UNSEEN, [0, 1, 2, 1] * 10, None, [10, 20, 30]), list[int]()

    def text() -> Iterator[Window]:
        for number, piece in enumerate(pieces):
            asked.append(number)
            yield piece

    events = NGram([], V).count_(text, 3)
    for number in range(4):
        assert next(events) == Counting("counting", 10 * (number + 1), 40)
        assert asked[-1] == number
