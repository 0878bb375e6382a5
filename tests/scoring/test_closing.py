"""The closing test scores what there is time for, from the beginning of the text."""

from itertools import count

import pytest

from charseq.scoring import Score, Scorer
from charseq.scoring.closing import PIECE_CHARS, score_beginning
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText
from tests.scoring.test_scorer import TOKENIZER, model_of, random_text

CODEC = Codec(TOKENIZER, "stream")
TEXT = random_text(3 * PIECE_CHARS + 100)


def scored(seconds: float, text: str = TEXT) -> Score:
    """Return the score of the beginning of `text`, by a clock that ticks once a look."""
    ticks = count()
    encoded = EncodedText.of(text)
    return score_beginning(model_of("gru"), CODEC, encoded, seconds=seconds, clock=lambda: float(next(ticks)))


@pytest.mark.parametrize(("seconds", "num_pieces"), [(0, 1), (1, 1), (2, 2), (3, 3)])
def test_pieces_are_scored_until_the_time_is_over(seconds: float, num_pieces: int) -> None:
    """At least one piece, then another while there is time."""
    assert scored(seconds).num_chars == num_pieces * PIECE_CHARS


def test_with_enough_time_the_whole_text_is_scored_as_in_one_go() -> None:
    """The figure is that of the scorer."""
    score = scored(99)
    assert score.num_chars == len(TEXT)
    assert score.nats == pytest.approx(Scorer(model_of("gru"), CODEC).score(TEXT).nats.sum(), rel=1e-9)


def test_an_empty_text_scores_nothing() -> None:
    """There is no piece to score."""
    assert scored(5, "").num_chars == 0


def test_no_time_is_spent_on_ranks() -> None:
    """Right guesses are not counted."""
    assert scored(0).num_top1 is scored(0).num_top5 is None
