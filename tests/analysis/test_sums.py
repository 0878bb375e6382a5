"""Sums over parts and over keys are plain sums of characters."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings

from charseq.analysis.sums import NUM_COLUMNS, columns_of, scores_by_key, scores_of, scores_of_parts
from charseq.scoring.score import Score
from charseq.scoring.surprisal import Surprisal
from tests.analysis.builders import assert_same_score, cuts, plain_score, seeds, surprisal_of, texts


@settings(deadline=None)
@given(text=texts, cuts=cuts, seed=seeds)
def test_parts_are_summed_up(text: str, cuts: list[int], seed: int) -> None:
    """The score of each part is that of its characters, up to where the next one begins."""
    surprisal = surprisal_of(text, seed)
    begins = sorted({0, *cuts} & set(range(len(text))))
    parts = scores_of_parts(surprisal, begins)
    assert len(parts) == len(begins)
    for score, (begin, end) in zip(parts, pairwise([*begins, len(text)]), strict=True):
        assert_same_score(score, plain_score(surprisal, range(begin, end)))


def test_no_parts() -> None:
    """An empty text has no part."""
    assert scores_of_parts(surprisal_of(""), []) == []


@settings(deadline=None)
@given(text=texts, seed=seeds)
def test_keys_are_summed_up(text: str, seed: int) -> None:
    """The score of each key is that of its characters, wherever they are, and keys come in order."""
    surprisal = surprisal_of(text, seed)
    keys = (10 ** np.random.default_rng(seed).integers(0, 6, len(text))).tolist()
    scores = scores_by_key(surprisal, np.array(keys, np.int64))
    assert list(scores) == sorted(set(keys))
    for key, score in scores.items():
        assert_same_score(score, plain_score(surprisal, [k for k in range(len(text)) if keys[k] == key]))


def test_columns_are_what_a_score_counts() -> None:
    """Each character adds itself, its bytes, whether it is unseen, first, among five, and its nats."""
    surprisal = Surprisal(
        nats=np.array([0.5, 1.5, 2.5, 3.5]),
        num_bytes=np.array([4, 1, 2, 3], np.int32),
        unseen=np.array([True, False, False, False]),
        ranks=np.array([0, 1, 5, 6], np.int32),
        confidences=np.zeros(4),
    )
    assert columns_of(surprisal).tolist() == [
        [1, 4, 1, 0, 0, 0.5],
        [1, 1, 0, 1, 1, 1.5],
        [1, 2, 0, 0, 1, 2.5],
        [1, 3, 0, 0, 0, 3.5],
    ]


def test_columns_of_nothing() -> None:
    """An empty text has as many columns as any other."""
    assert columns_of(surprisal_of("")).shape == (0, NUM_COLUMNS)


def test_scores_of_sums() -> None:
    """Each row of sums is a score, its columns in their places and counts whole."""
    (score,) = scores_of(np.array([[9, 8, 7, 6, 5, 4.5]]))
    assert score == Score(num_chars=9, num_bytes=8, num_unseen=7, num_top1=6, num_top5=5, nats=4.5)
    assert type(score.num_chars) is int


def test_ranks_are_needed() -> None:
    """A surprisal without ranks has nothing to add to the counts of right guesses."""
    without = Surprisal(np.ones(2), np.ones(2, np.int32), np.zeros(2, bool))
    with pytest.raises(ValueError, match=r"^scored without ranks$"):
        columns_of(without)


def test_parts_without_ranks() -> None:
    """Where ranks were left out, parts have all other sums, and no counts of right guesses."""
    surprisal = surprisal_of("hello", 3)
    without = replace(surprisal, ranks=None, confidences=None)
    parts = scores_of_parts(without, [0, 2])
    assert parts == [
        replace(part, num_top1=None, num_top5=None) for part in scores_of_parts(surprisal, [0, 2])
    ]
