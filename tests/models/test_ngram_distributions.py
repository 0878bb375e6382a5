"""Distributions of n-grams that are computed where they are asked for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.models import NGram, has_readout, ngram_distributions
from charseq.text.batches import Window

V = 4
UNSEEN = -1
texts = st.lists(st.integers(0, V - 1), min_size=1, max_size=40)
windows = st.lists(st.tuples(st.integers(UNSEEN, V - 1), st.integers(UNSEEN, V - 1)), min_size=1, max_size=20)


def fitted(targets: list[int], order: int) -> NGram:
    inputs = np.array([UNSEEN, *targets[:-1]], np.int32)
    return NGram.fit(inputs, np.array(targets, np.int32), None, vocab_size=V, order=order)


@settings(deadline=None, max_examples=60)
@given(texts, windows, st.integers(0, 5), st.integers(0, 40), st.integers(0, 40))
def test_some_distributions_are_those_of_the_window(
    text: list[int], rows: list[tuple[int, int]], order: int, begin: int, end: int
) -> None:
    """To the last bit: places of two streams step by step, whole distributions or single prices."""
    model, tokens = fitted(text, order), np.array(rows, np.int32)
    whole = model.forward(tokens, model.initial_state(2)).reshape(-1, V)
    read = model.readout(tokens, model.initial_state(2))
    places = slice(begin, end)
    np.testing.assert_array_equal(read.log_p(places), whole[places])
    targets = np.arange(len(whole)) % V
    ones = read.log_p_of(places, targets[places])
    np.testing.assert_array_equal(ones, whole[np.arange(len(whole)), targets][places])


@settings(deadline=None, max_examples=40)
@given(texts, windows, st.integers(0, 5))
def test_neither_the_table_nor_the_parts_change_a_bit(
    text: list[int], rows: list[tuple[int, int]], order: int
) -> None:
    """As for a large vocabulary: without a table of 2-grams, and in parts of sixteen places."""
    model, tokens = fitted(text, order), np.array(rows, np.int32)
    whole = model.forward(tokens, model.initial_state(2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ngram_distributions, "MOST_KEPT", 0)
        patch.setattr(ngram_distributions, "MOST_AT_ONCE", 1)
        model = fitted(text, order)
        np.testing.assert_array_equal(model.forward(tokens, model.initial_state(2)), whole)


def test_a_model_that_counts_anew_forgets_its_table() -> None:
    """Its distributions are those of the new text."""
    model, tokens = fitted([0, 1, 0, 1, 2], 3), np.array([[0], [1], [3]], np.int32)
    model.forward(tokens, model.initial_state(1))
    text = np.array([3, 1, 3, 2, 2, 3, 1], np.int32)
    other = fitted(text.tolist(), 3)
    for _ in model.count_(lambda: [Window(np.append(np.int32(UNSEEN), text[:-1]), text, None)], 3):
        pass
    np.testing.assert_array_equal(
        model.forward(tokens, model.initial_state(1)), other.forward(tokens, other.initial_state(1))
    )


def test_ngrams_can_be_read_for_single_prices() -> None:
    """Scoring looks for this contract."""
    assert has_readout(fitted([0, 1], 2))
