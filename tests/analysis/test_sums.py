"""Sums over parts and over keys are plain sums of characters. The tests around make their texts here, too."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.analysis.sums import NUM_COLUMNS, columns_of, scores_by_key, scores_of, scores_of_parts
from charseq.scoring.score import Score
from charseq.scoring.scorer import Expectations, Surprisal
from charseq.text.tokenizers.tokenizer import bytes_per_char

texts = st.text(
    st.one_of(
        st.sampled_from("ab \n\r"),
        st.sampled_from("aB.é7\t\x0b\x1c\x85\xa0\u2028\u3000\u0301한ж中😀"),
        st.characters(),
    ),
    max_size=60,
)
cuts = st.lists(st.integers(0, 60), max_size=6).map(sorted)
seeds = st.integers(0, 99)


def surprise_of(text: str, seed: int = 0, *, num_guesses: int = 0) -> Surprisal:
    """Return what each character of `text` might have cost, drawn by chance, ranks from 0 to 8."""
    rng, num_chars = np.random.default_rng(seed), len(text)
    surprisal = Surprisal(
        nats=rng.exponential(2.0, num_chars),
        ranks=rng.integers(0, 9, num_chars).astype(np.int32),
        confidences=rng.random(num_chars),
        num_bytes=bytes_per_char(text),
    )
    if not num_guesses:
        return surprisal
    guesses = rng.integers(0, 50, (num_chars, num_guesses)).astype(np.int32)
    expected = Expectations(rng.random(num_chars), guesses, rng.random((num_chars, num_guesses)))
    return replace(surprisal, expected=expected)


def part_of(surprisal: Surprisal, begin: int, end: int) -> Surprisal:
    """Return the surprisal of the characters from `begin` to `end`."""
    part = slice(begin, end)
    return Surprisal(
        surprisal.nats[part],
        surprisal.ranks[part],
        surprisal.confidences[part],
        surprisal.num_bytes[part],
        expected=surprisal.expected and surprisal.expected[part],
    )


def pieces_of(text: str, surprisal: Surprisal, cuts: list[int]) -> Iterator[tuple[str, Surprisal]]:
    """Yield `text` cut at `cuts`, each piece with its surprisal; some pieces may be empty."""
    bounds = [0, *(min(cut, len(text)) for cut in cuts), len(text)]
    return ((text[begin:end], part_of(surprisal, begin, end)) for begin, end in pairwise(bounds))


def plain_score(surprisal: Surprisal, places: Iterable[int]) -> Score:
    """Return the score of the characters at `places`, added up one by one."""
    score = Score()
    for k in places:
        rank = int(surprisal.ranks[k])
        score += Score(
            num_chars=1,
            num_bytes=int(surprisal.num_bytes[k]),
            num_unseen=int(rank == 0),
            num_top1=int(rank == 1),
            num_top5=int(rank in (1, 2, 3, 4, 5)),
            nats=float(surprisal.nats[k]),
        )
    return score


def assert_same_score(score: Score, expected: Score) -> None:
    """Compare counts exactly and nats up to rounding; words are not counted here."""
    assert replace(score, nats=0.0, num_words=0) == replace(expected, nats=0.0, num_words=0)
    assert score.nats == pytest.approx(expected.nats, abs=1e-9)


@settings(deadline=None)
@given(text=texts, cuts=cuts, seed=seeds)
def test_parts_are_summed_up(text: str, cuts: list[int], seed: int) -> None:
    """The score of each part is that of its characters, up to where the next one begins."""
    surprisal = surprise_of(text, seed)
    begins = sorted({0, *cuts} & set(range(len(text))))
    parts = scores_of_parts(surprisal, begins)
    assert len(parts) == len(begins)
    for score, (begin, end) in zip(parts, pairwise([*begins, len(text)]), strict=True):
        assert_same_score(score, plain_score(surprisal, range(begin, end)))


def test_no_parts() -> None:
    """An empty text has no part."""
    assert scores_of_parts(surprise_of(""), []) == []


@settings(deadline=None)
@given(text=texts, seed=seeds)
def test_keys_are_summed_up(text: str, seed: int) -> None:
    """The score of each key is that of its characters, wherever they are, and keys come in order."""
    surprisal = surprise_of(text, seed)
    keys = (10 ** np.random.default_rng(seed).integers(0, 6, len(text))).tolist()
    scores = scores_by_key(surprisal, np.array(keys, np.int64))
    assert list(scores) == sorted(set(keys))
    for key, score in scores.items():
        assert_same_score(score, plain_score(surprisal, [k for k in range(len(text)) if keys[k] == key]))


def test_columns_are_what_a_score_counts() -> None:
    """Each character adds itself, its bytes, whether it is unseen, first, among five, and its nats."""
    surprisal = Surprisal(
        nats=np.array([0.5, 1.5, 2.5, 3.5]),
        ranks=np.array([0, 1, 5, 6], np.int32),
        confidences=np.zeros(4),
        num_bytes=np.array([4, 1, 2, 3], np.int32),
    )
    assert columns_of(surprisal).tolist() == [
        [1, 4, 1, 0, 0, 0.5],
        [1, 1, 0, 1, 1, 1.5],
        [1, 2, 0, 0, 1, 2.5],
        [1, 3, 0, 0, 0, 3.5],
    ]


def test_columns_of_nothing() -> None:
    """An empty text has as many columns as any other."""
    assert columns_of(surprise_of("")).shape == (0, NUM_COLUMNS)


def test_scores_of_sums() -> None:
    """Each row of sums is a score, its columns in their places and counts whole."""
    (score,) = scores_of(np.array([[9, 8, 7, 6, 5, 4.5]]))
    assert score == Score(num_chars=9, num_bytes=8, num_unseen=7, num_top1=6, num_top5=5, nats=4.5)
    assert type(score.num_chars) is int
