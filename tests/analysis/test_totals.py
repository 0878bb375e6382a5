"""All that is said of a text as a whole: sums of its pieces, however it was cut, and what follows."""

import math

import numpy as np
import pytest
from hypothesis import given, settings

from charseq.analysis.blocks import BLOCK_CHARS, MIN_BLOCKS, Blocks, standard_error
from charseq.analysis.calibration import Calibration
from charseq.analysis.figures import Figures
from charseq.scoring.score import Score
from charseq.scoring.scorer import Surprisal
from tests.analysis.test_sums import (
    assert_same_score,
    cuts,
    part_of,
    pieces_of,
    plain_score,
    seeds,
    surprise_of,
    texts,
)


def figures_of(*surprisals: Surprisal, seconds: float = 0.0) -> Figures:
    """Return the figures of pieces, each of which took so many seconds."""
    figures = Figures()
    for surprisal in surprisals:
        figures.add(surprisal, seconds=seconds)
    return figures


@settings(deadline=None)
@given(text=texts, cuts=cuts, seed=seeds)
def test_scores_of_pieces_add_up(text: str, cuts: list[int], seed: int) -> None:
    """However a text was cut, its score is that of all its characters, and `seen` leaves out the unseen."""
    surprisal = surprise_of(text, seed)
    figures = figures_of(*(piece for _, piece in pieces_of(text, surprisal, cuts)))
    assert_same_score(figures.score, plain_score(surprisal, range(len(text))))
    seen = [k for k in range(len(text)) if surprisal.ranks[k]]
    assert_same_score(figures.seen, plain_score(surprisal, seen))


def test_nothing_yet() -> None:
    """Before the first piece there is nothing, and what follows from nothing is not a number."""
    figures = Figures()
    assert (figures.score, figures.seen, figures.seconds) == (Score(), Score(), 0)
    assert math.isnan(figures.standard_error)
    assert math.isnan(figures.calibration.error)


def test_seconds_add_up() -> None:
    """The time is that of all pieces."""
    piece = surprise_of("hello")
    assert figures_of(piece, piece, piece, seconds=0.25).seconds == 0.75


def test_calibration_is_that_of_all_pieces() -> None:
    """The calibration counts every piece."""
    surprisal = surprise_of("hello world")
    whole = Calibration()
    whole.add(surprisal)
    calibration = figures_of(part_of(surprisal, 0, 4), part_of(surprisal, 4, 11)).calibration
    assert calibration.error == pytest.approx(whole.error, rel=1e-12)
    assert [part.num_chars for part in calibration.bins] == [part.num_chars for part in whole.bins]


LONG = surprise_of("a" * 20 * BLOCK_CHARS)


@pytest.mark.parametrize("size", [1, 700, BLOCK_CHARS, len(LONG.nats)])
def test_the_standard_error_in_any_pieces(size: int) -> None:
    """The standard error is that of the nats in blocks, however the text was cut."""
    bounds = range(0, len(LONG.nats), size)
    figures = figures_of(*(part_of(LONG, begin, begin + size) for begin in bounds))
    blocks = Blocks(1)
    blocks.add(LONG.nats[:, None])
    expected = standard_error(blocks.sums[:, 0], np.full(20, float(BLOCK_CHARS)))
    assert figures.standard_error == pytest.approx(expected, rel=1e-9)
    assert figures.standard_error > 0


def test_the_standard_error_is_near_that_of_independent_characters() -> None:
    """Where characters do not depend on each other, it is their spread over the root of their number."""
    expected = np.std(LONG.nats) / math.log(2) / math.sqrt(len(LONG.nats))
    assert figures_of(LONG).standard_error == pytest.approx(expected, rel=0.5)


@pytest.mark.parametrize(("num_blocks", "known"), [(MIN_BLOCKS - 1, False), (MIN_BLOCKS, True)])
def test_a_short_text_has_no_standard_error(num_blocks: int, known: bool) -> None:
    """Of fewer than MIN_BLOCKS blocks there is none."""
    error = figures_of(part_of(LONG, 0, num_blocks * BLOCK_CHARS)).standard_error
    assert math.isnan(error) != known
