"""The n-grams of all orders, from the longest ones."""

import numpy as np

from charseq.models.ngram_building import (
    AFTER_BEGIN,
    AFTER_NOTHING,
    AFTER_TOKEN,
    Building,
    Grams,
    count_different_contexts_,
)

V = 5


def grams(keys: list[int], counts: list[int] | None = None, bare: list[bool] | None = None) -> Grams:
    return Grams(
        np.array(keys, np.int64),
        np.array(counts or [0] * len(keys), np.int64),
        np.array(bare or [False] * len(keys), np.bool_),
    )


def test_shorter_ngrams_are_the_beginnings_of_longer_ones() -> None:
    """The longest ones may come in any parts; one that ends early has no long ones."""
    rows = np.array([[1, 3, -1], [1, 3, 1], [1, 3, 1], [1, 3, 4], [3, 1, 1], [3, 1, 3]], np.int32).T
    place = np.array([AFTER_TOKEN, AFTER_TOKEN, AFTER_BEGIN, AFTER_NOTHING, AFTER_TOKEN, AFTER_BEGIN])
    counts = np.array([1, 2, 3, 4, 5, 6])
    for cut in range(7):
        building = Building(np.array([1, 3, 4]), order=3, vocab_size=V)
        for part in (slice(0, cut), slice(cut, None)):
            if len(counts[part]):
                building.add_(rows[:, part], place[part], counts[part])
        pairs, triples = building.orders()
        assert pairs.keys.tolist() == [0 * V + 3, 1 * V + 1]  # their contexts are the first two 1-grams
        assert pairs.counts.tolist() == [3, 6]  # at the beginning of a sequence
        assert pairs.bare.tolist() == [True, False]
        assert triples.keys.tolist() == [0 * V + 1, 0 * V + 4, 1 * V + 1, 1 * V + 3]
        assert triples.counts.tolist() == [5, 4, 5, 6]


def test_a_lower_order_counts_different_characters_before() -> None:
    """Of the pairs 00, 10, 11 and 12 two end with 0; 2 has also begun the text, which is one more."""
    single = grams([0, 1, 2], bare=[False, False, True])
    count_different_contexts_([single, grams([0 * V + 0, V + 0, V + 1, V + 2])], V)
    assert single.counts.tolist() == [2, 1, 2]


def test_every_beginning_of_a_line_counts() -> None:
    """An n-gram that begins a line has no character before it: each of its occurrences counts."""
    pairs = grams([0 * V + 1], counts=[7])
    count_different_contexts_([grams([0, 1]), pairs, grams([])], V)
    assert pairs.counts.tolist() == [7]
