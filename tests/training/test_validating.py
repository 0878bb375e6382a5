"""Validations: which parameters give the score, how long one takes, and how much of the text is scored."""

import numpy as np
import pytest

from charseq.network.parameters import Parameters
from charseq.scoring import Validator
from charseq.training.averaging import Average
from charseq.training.validating import Validations
from tests.training.builders import LONG, Clock, SlowValidator, model

LENGTH = -(-len(LONG) // 32)
"""The number of characters of each part."""
WHOLE = 2 * (128 + LENGTH)
"""The steps of reading in a validation of the whole text, by the latest parameters and by their average."""


def validations(validator: Validator, clock: Clock, *, span: float = 0.1) -> Validations:
    return Validations(validator, Average(Parameters(model().params.shapes, np.float32), span), clock)


def test_its_seconds_are_those_of_the_last_one() -> None:
    """Whatever was expected."""
    clock = Clock()
    one = validations(SlowValidator(clock, 0.01, first=3.0), clock)
    one.score()
    assert one.seconds == pytest.approx(0.01 * WHOLE + 3.0)
    one.score()
    assert one.seconds == pytest.approx(0.01 * WHOLE)


def test_without_an_average_the_text_is_read_once() -> None:
    """There is one vector of parameters to score."""
    clock = Clock()
    one = validations(SlowValidator(clock, 0.01), clock, span=0.0)
    assert one.plan_(1e6, fixed=False) is None
    assert one.seconds == pytest.approx(0.01 * WHOLE / 2)


@pytest.mark.parametrize("first", [0.0, 50.0])
def test_the_whole_text_is_scored_if_there_is_time(first: float) -> None:
    """How long it takes is known beforehand; a first call that takes long, to compile, decides nothing."""
    clock = Clock()
    validator = SlowValidator(clock, 0.01, first=first)
    one = validations(validator, clock)
    assert one.plan_(0.01 * WHOLE + 0.1, fixed=False) is None
    assert one.seconds == pytest.approx(0.01 * WHOLE)
    assert validator.part_length == LENGTH


def test_less_of_the_text_is_scored_if_the_time_is_short() -> None:
    """As much as fits, and the same in each validation."""
    clock = Clock()
    validator = SlowValidator(clock, 0.01)
    one = validations(validator, clock)
    assert one.plan_(4.505, fixed=False) is validator
    assert 4.4 < one.seconds <= 4.505
    figures = [one.score()[0] for _ in range(3)]
    assert [figure and figure.num_chars for figure in figures] == [validator.num_chars] * 3
    assert validator.num_chars == 32 * (225 - 128)
    assert 4.4 < one.seconds <= 4.505


@pytest.mark.parametrize("warm_up", [0.0, 0.05, 0.5])
def test_reading_without_scoring_may_take_less_time(warm_up: float) -> None:
    """As with a large vocabulary, whose probabilities are needed only where something is scored."""
    clock = Clock()
    one = validations(SlowValidator(clock, 0.01, warm_up=warm_up), clock)
    assert one.plan_(1e6, fixed=False) is None
    expected = one.seconds
    one.score()
    assert one.seconds == pytest.approx(expected) == pytest.approx(0.02 * (warm_up * 128 + LENGTH))
    assert one.plan_(3.0, fixed=False) is not None
    one.score()
    assert 2.9 < one.seconds < 3.001


def test_a_little_is_scored_however_short_the_time() -> None:
    """The first 64 tokens of each part."""
    clock = Clock()
    validator = SlowValidator(clock, 0.01)
    assert validations(validator, clock).plan_(1e-3, fixed=False) is validator
    assert validator.part_length == 64


def test_what_was_scored_before_is_scored_again() -> None:
    """A resumed run whose figures are to be compared with those before keeps its part, and knows its time."""
    clock = Clock()
    validator = SlowValidator(clock, 0.01)
    one = validations(validator, clock)
    assert one.plan_(1e-3, fixed=True) is None
    assert validator.part_length == LENGTH
    assert one.seconds == pytest.approx(0.01 * WHOLE)


def test_a_part_in_which_nothing_counts_is_no_validation() -> None:
    """Then the whole text is scored, whatever it takes."""
    clock = Clock()
    validator = SlowValidator(clock, 0.01, counts=False)
    assert validations(validator, clock).plan_(1e-3, fixed=False) is None
    assert validator.part_length == LENGTH
