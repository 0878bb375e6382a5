"""One array, and its sum: prices of characters, what each adds to a score, what was not counted."""

import math
from dataclasses import replace

import numpy as np
import pytest

from charseq.scoring import Expectations, Score, Surprisal

SURPRISAL = Surprisal(
    nats=np.array([1.0, 2.0, 4.0, 8.0, 16.0]),
    num_bytes=np.array([1, 2, 3, 4, 1], np.int32),
    unseen=np.array([False, True, False, False, False]),
    ranks=np.array([1, 0, 5, 6, 2], np.int32),
    confidences=np.full(5, 0.5),
    num_words=3,
)


def test_a_score_sums_up() -> None:
    """A score counts characters, bytes, unseen ones, first guesses and first five, and adds the nats."""
    assert SURPRISAL.score() == Score(5, 11, 3, 1, 1, 3, 31.0)


def test_what_is_counted_is_whole() -> None:
    """All sums but the nats are integers."""
    score = SURPRISAL.score()
    counted = (getattr(score, field) for field in SURPRISAL.additions() if field != "nats")
    assert {type(count) for count in counted} == {int}


def test_additions_are_those_of_each_character() -> None:
    """Each character adds 1, its bytes, whether it is unseen, first or among the first five, and its nats."""
    additions = {field: values.tolist() for field, values in SURPRISAL.additions().items()}
    assert additions == {
        "num_chars": [1, 1, 1, 1, 1],
        "num_bytes": [1, 2, 3, 4, 1],
        "num_unseen": [False, True, False, False, False],
        "num_top1": [True, False, False, False, False],
        "num_top5": [True, False, True, False, True],
        "nats": [1.0, 2.0, 4.0, 8.0, 16.0],
    }


def test_no_words_are_not_uncounted_words() -> None:
    """A text of no words has a word perplexity that is not a number; uncounted words have none at all."""
    score = replace(SURPRISAL, num_words=0).score()
    assert score.num_words == 0
    assert score.word_perplexity is not None
    assert math.isnan(score.word_perplexity)
    uncounted = replace(SURPRISAL, num_words=None).score()
    assert uncounted.num_words is uncounted.word_perplexity is None


def test_without_ranks_no_right_guesses_are_counted() -> None:
    """Without ranks a score has None for right guesses, not 0, and all other figures."""
    surprisal = replace(SURPRISAL, ranks=None, confidences=None)
    assert surprisal.score() == Score(5, 11, 3, 1, None, None, 31.0)
    assert surprisal.additions()["num_top1"] is surprisal.additions()["num_top5"] is None


def test_unseen_characters_can_be_left_out() -> None:
    """The score of the seen characters leaves out the unseen ones with their price and bytes."""
    assert SURPRISAL.score(seen_only=True) == Score(4, 9, 3, 0, 1, 3, 29.0)


def test_bits_are_there_beside_nats() -> None:
    """The price of each character is there in bits, too."""
    assert (2.0**-SURPRISAL.bits).tolist() == pytest.approx(np.exp(-SURPRISAL.nats).tolist(), rel=1e-12)


def test_empty_expectations_have_no_guesses() -> None:
    """Where nothing is known yet, a guess is -1 and its probability 0."""
    expected = Expectations.empty(2, 3)
    assert expected.entropies.shape == (2,)
    assert expected.guesses.tolist() == [[-1] * 3] * 2
    assert expected.guesses.dtype == np.int32
    assert expected.probabilities.tolist() == [[0.0] * 3] * 2


def test_a_part_of_expectations_is_that_of_each_array() -> None:
    """A slice of expectations is the slice of entropies, guesses and probabilities."""
    guesses, probabilities = np.arange(8, dtype=np.int32).reshape(4, 2), np.linspace(0, 1, 8).reshape(4, 2)
    part = Expectations(np.arange(4.0), guesses, probabilities)[1:3]
    assert part.entropies.tolist() == [1.0, 2.0]
    assert part.guesses.tolist() == [[2, 3], [4, 5]]
    assert part.probabilities.tolist() == probabilities[1:3].tolist()
