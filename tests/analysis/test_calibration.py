"""Calibration: by hand, at the borders of the bins, and on guesses that are as right as they claim."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.analysis.calibration import NUM_BINS, Calibration
from tests.analysis.builders import surprisal_with

guesses = st.lists(st.tuples(st.integers(1, 1000).map(lambda k: k / 1000), st.integers(0, 3)), max_size=60)


def counted(confidences: Sequence[float], ranks: Sequence[int], cuts: Sequence[int] = ()) -> Calibration:
    """Return the calibration of first guesses with these probabilities, counted in pieces."""
    calibration = Calibration()
    for begin, end in pairwise([0, *cuts, len(ranks)]):
        part = slice(begin, end)
        nothing = np.zeros(len(ranks[part]))
        calibration.add(surprisal_with(nothing.tolist(), list(ranks[part]), list(confidences[part])))
    return calibration


def test_by_hand() -> None:
    """Two bins of two and three characters: |1 - 1.5| and |2 - 1.9|, divided among five."""
    calibration = counted([0.72, 0.78, 0.61, 0.64, 0.65], [1, 2, 1, 1, 0])
    bins = [part for part in calibration.bins if part.num_chars]
    assert [(part.low, part.high, part.num_chars) for part in bins] == [(0.6, 0.7, 3), (0.7, 0.8, 2)]
    assert [part.confidence for part in bins] == pytest.approx([1.9 / 3, 0.75])
    assert [part.accuracy for part in bins] == pytest.approx([2 / 3, 0.5])
    assert calibration.error == pytest.approx((0.1 + 0.5) / 5)


@settings(deadline=None)
@given(guesses=guesses, cuts=st.lists(st.integers(0, 60), max_size=4).map(sorted))
def test_any_guesses_equal_the_plain_twin(guesses: list[tuple[float, int]], cuts: list[int]) -> None:
    """However the text was cut, each bin has the means of the characters in (low, high], and the error."""
    cuts = [min(cut, len(guesses)) for cut in cuts]
    calibration = counted([p for p, _ in guesses], [rank for _, rank in guesses], cuts)
    assert len(calibration.bins) == NUM_BINS
    gaps = 0.0
    for part in calibration.bins:
        here = [(p, rank == 1) for p, rank in guesses if part.low < p <= part.high]
        assert part.num_chars == len(here)
        if here:
            assert part.confidence == pytest.approx(sum(p for p, _ in here) / len(here), abs=1e-12)
            assert part.accuracy == pytest.approx(sum(right for _, right in here) / len(here), abs=1e-12)
            gaps += abs(sum(right - p for p, right in here))
        else:
            assert math.isnan(part.confidence)
            assert math.isnan(part.accuracy)
    assert calibration.error == pytest.approx(gaps / len(guesses) if guesses else math.nan, nan_ok=True)


def test_bins_cover_everything_once() -> None:
    """The bins are equally wide, from 0 to 1, each beginning where the one before ends."""
    bins = Calibration().bins
    assert (bins[0].low, bins[-1].high) == (0, 1)
    assert all(a.high == b.low for a, b in pairwise(bins))
    assert [part.high - part.low for part in bins] == pytest.approx([1 / NUM_BINS] * NUM_BINS)


@pytest.mark.parametrize("k", range(1, NUM_BINS + 1))
def test_a_border_belongs_to_the_bin_below(k: int) -> None:
    """A probability of k / 10 is in the k-th bin."""
    assert [part.num_chars for part in counted([k / NUM_BINS], [1]).bins].index(1) == k - 1


@pytest.mark.parametrize(
    ("p", "place"), [(1.0, -1), (math.nextafter(1, 2), -1), (0.5000001, 5), (1e-3, 0), (5e-324, 0), (0.0, 0)]
)
def test_the_ends(p: float, place: int) -> None:
    """Certainty is in the last bin, next to nothing in the first one, and none is lost."""
    bins = counted([p], [1]).bins
    assert bins[place].num_chars == sum(part.num_chars for part in bins) == 1


def test_nothing_counted() -> None:
    """Without a character the error and all means are nan, and the counts 0."""
    calibration = counted([], [])
    assert math.isnan(calibration.error)
    assert all(part.num_chars == 0 and math.isnan(part.accuracy) for part in calibration.bins)


def test_who_is_as_right_as_sure_has_no_error() -> None:
    """Guesses that come true as often as they say are calibrated, up to chance."""
    rng = np.random.default_rng(0)
    p = rng.random(100_000)
    calibration = counted(p, np.where(rng.random(len(p)) < p, 1, 2))
    assert calibration.error < 0.01


@pytest.mark.parametrize(("p", "error"), [(0.95, 0.25), (0.45, 0.25)])
def test_who_is_too_sure_or_too_modest_has_an_error(p: float, error: float) -> None:
    """Claiming more or less than the seven in ten that come true is an error of the difference."""
    assert counted([p] * 10, [1] * 7 + [2] * 3).error == pytest.approx(error)


def test_an_unseen_character_is_no_right_guess() -> None:
    """A first guess is wrong where the character is unseen."""
    assert counted([0.75], [0]).error == pytest.approx(0.75)
