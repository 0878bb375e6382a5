"""All that is said of a text as a whole: sums of its pieces, however it was cut, and what follows."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from charseq.analysis.blocks import BLOCK_CHARS
from charseq.analysis.calibration import Calibration
from charseq.analysis.totals import Totals
from charseq.analysis.uncertainty import BlockUnits
from charseq.scoring.score import Score
from charseq.scoring.surprisal import Surprisal
from tests.analysis.builders import (
    assert_same_score,
    cuts,
    part_of,
    pieces_of,
    plain_score,
    seeds,
    surprisal_of,
    texts,
)


def totals_of(*surprisals: Surprisal, seconds: float = 0.0) -> Totals:
    """Return the totals of pieces, each of which took so many seconds."""
    totals = Totals()
    for surprisal in surprisals:
        totals.add("a" * len(surprisal.nats), surprisal, seconds=seconds)
    return totals


@settings(deadline=None)
@given(text=texts, cuts=cuts, seed=seeds)
def test_scores_of_pieces_add_up(text: str, cuts: list[int], seed: int) -> None:
    """However a text was cut, its score is that of all its characters, and `seen` leaves out the unseen."""
    surprisal = surprisal_of(text, seed)
    totals = totals_of(*(piece for _, piece in pieces_of(text, surprisal, cuts)))
    assert_same_score(totals.score, plain_score(surprisal, range(len(text))))
    assert surprisal.ranks is not None
    seen = [k for k in range(len(text)) if surprisal.ranks[k]]
    assert_same_score(totals.seen, plain_score(surprisal, seen))


def test_nothing_yet() -> None:
    """Before the first piece there is nothing, and what follows from nothing is not a number."""
    totals = Totals()
    assert (totals.score, totals.seen, totals.seconds) == (Score(), Score(), 0)
    assert math.isnan(totals.bits_per_char.error)
    assert math.isnan(totals.calibration.error)


def test_seconds_add_up() -> None:
    """The time is that of all pieces."""
    piece = surprisal_of("hello")
    assert totals_of(piece, piece, piece, seconds=0.25).seconds == 0.75


@pytest.mark.parametrize(("seconds", "expected"), [(0.5, 10.0), (0.0, math.nan)])
def test_speed_is_characters_by_seconds_and_unknown_where_the_clock_stands_still(
    seconds: float, expected: float
) -> None:
    """Characters divided by seconds; nan where no time has passed."""
    assert totals_of(surprisal_of("hello"), seconds=seconds).chars_per_second == pytest.approx(
        expected, nan_ok=True
    )


def test_the_repr_tells_the_score() -> None:
    """A total in a Python prompt says what it is."""
    totals = totals_of(surprisal_of("hello"))
    assert repr(totals) == f"<Totals: {totals.score}>"


def test_calibration_is_that_of_all_pieces() -> None:
    """The calibration counts every piece."""
    surprisal = surprisal_of("hello world")
    whole = Calibration()
    whole.add(surprisal)
    calibration = totals_of(part_of(surprisal, 0, 4), part_of(surprisal, 4, 11)).calibration
    assert calibration.error == pytest.approx(whole.error, rel=1e-12)
    assert [part.num_chars for part in calibration.bins] == [part.num_chars for part in whole.bins]


LONG = surprisal_of("a" * 20 * BLOCK_CHARS)


@pytest.mark.parametrize("size", [700, BLOCK_CHARS, len(LONG.nats)])
def test_the_error_is_that_of_the_nats_in_blocks_however_the_text_was_cut(size: int) -> None:
    """In bits per character."""
    pieces = [part_of(LONG, begin, begin + size) for begin in range(0, len(LONG.nats), size)]
    units = BlockUnits(2)
    units.add("a" * len(LONG.nats), np.stack([LONG.nats, np.ones(len(LONG.nats))], axis=1))
    expected = units.ratio(*np.eye(2))
    found = totals_of(*pieces).bits_per_char
    assert found.error == pytest.approx(expected.error / math.log(2), rel=1e-9)
    assert found.value == pytest.approx(LONG.nats.mean() / math.log(2), rel=1e-12)
    assert found.error > 0


def adapted(nats: float) -> Surprisal:
    """Return a piece of five characters, scored by a model that learns, which would have cost `nats`."""
    return replace(surprisal_of("hello"), static_nats=np.full(5, nats / 5))


def test_what_a_model_would_cost_without_learning_adds_up() -> None:
    """The static nats of all pieces, for each character, and the share of them that was saved."""
    totals = totals_of(adapted(30.0), adapted(20.0))
    assert totals.is_adapted
    assert totals.static_nats_per_char == pytest.approx(5.0)
    assert totals.static_bits_per_char == pytest.approx(5.0 / math.log(2))
    assert totals.gain == pytest.approx(1 - totals.score.nats / 50)


def test_a_model_that_does_not_learn_has_no_other_figures() -> None:
    """Nor has one that has read nothing yet."""
    for totals in (Totals(), totals_of(surprisal_of("hello"))):
        assert not totals.is_adapted
        assert totals.static_nats_per_char is totals.static_bits_per_char is totals.gain is None


def test_an_empty_text_has_no_static_figure() -> None:
    """It is not a number, as the other figures of nothing."""
    totals = totals_of(replace(surprisal_of(""), static_nats=np.empty(0)))
    assert totals.is_adapted
    assert math.isnan(totals.static_nats_per_char or 0)
    assert math.isnan(totals.static_bits_per_char or 0)


def test_the_optimum_is_that_of_all_files_or_of_none() -> None:
    """Two texts with other optima have none together, nor has a text that is no task."""
    for optima, together in (([0.5], 0.5), ([0.5, 0.5], 0.5), ([0.5, 0.25], None), ([0.0, None, 0.0], None)):
        totals = Totals()
        assert totals.optimum_bits_per_char is None
        for optimum in optima:
            totals.begin(optimum)
        assert totals.optimum_bits_per_char == together
