"""A score is a sum; every figure is one division of it."""

import math
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charseq.score import Score, describe, exp_or_inf

counts = st.integers(0, 10**9)
scores = st.builds(
    Score,
    num_chars=counts,
    num_bytes=counts,
    num_words=counts,
    num_unseen=counts,
    num_top1=counts,
    num_top5=counts,
    nats=st.integers(0, 10**9).map(float),
)
FIGURES = (
    "nats_per_char",
    "bits_per_char",
    "bits_per_byte",
    "perplexity",
    "word_perplexity",
    "accuracy",
    "top5_accuracy",
)
WORKED = Score(
    num_chars=8, num_bytes=16, num_words=2, num_unseen=1, num_top1=2, num_top5=6, nats=8 * math.log(4)
)


@given(a=scores, b=scores)
def test_addition_adds_every_field(a: Score, b: Score) -> None:
    """Adding two scores adds each of their sums."""
    total = a + b
    names = [field.name for field in fields(Score)]
    assert [getattr(total, name) for name in names] == [getattr(a, name) + getattr(b, name) for name in names]


@given(a=scores, b=scores, c=scores)
def test_addition_in_any_order(a: Score, b: Score, c: Score) -> None:
    """The order in which texts are joined does not matter."""
    assert (a + b) + c == c + (b + a)


@given(a=scores)
def test_nothing_adds_nothing(a: Score) -> None:
    """The score of the empty text changes no other."""
    assert a + Score() == a


def test_average_of_a_sum_weighs_by_length() -> None:
    """The average over two texts is that over their characters, not that of the two averages."""
    total = Score(num_chars=1, nats=5.0) + Score(num_chars=9, nats=5.0)
    assert total.nats_per_char == 1


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        ("nats_per_char", math.log(4)),
        ("bits_per_char", 2.0),
        ("bits_per_byte", 1.0),
        ("perplexity", 4.0),
        ("word_perplexity", 4.0**4),
        ("accuracy", 0.25),
        ("top5_accuracy", 0.75),
    ],
)
def test_worked_example(figure: str, value: float) -> None:
    """Eight characters at log 4 nats each, in sixteen bytes and two words, give the figures by hand."""
    assert getattr(WORKED, figure) == pytest.approx(value, rel=1e-14)


def test_word_perplexity_charges_the_space_to_the_words() -> None:
    """The nats of all characters, white space included, are divided among the words."""
    assert Score(num_chars=11, num_words=2, nats=6.0).word_perplexity == pytest.approx(math.exp(3), rel=1e-14)


@pytest.mark.parametrize("figure", FIGURES)
def test_empty_text(figure: str) -> None:
    """The averages of an empty text are undefined, not an error."""
    assert math.isnan(getattr(Score(), figure))


def test_text_without_words() -> None:
    """A text of white space alone has no word perplexity but all the other figures."""
    score = Score(num_chars=2, num_bytes=2, nats=2.0)
    assert math.isnan(score.word_perplexity)
    assert score.nats_per_char == 1


@pytest.mark.parametrize("nats", [1e4, 1e300, math.inf])
def test_huge_perplexity(nats: float) -> None:
    """A perplexity beyond float64 is infinite, not an error."""
    score = Score(num_chars=1, num_bytes=1, num_words=1, nats=nats)
    assert score.perplexity == score.word_perplexity == math.inf


def test_diverged_score() -> None:
    """A surprise that is not a number stays one in every figure it enters."""
    score = Score(num_chars=1, num_bytes=1, num_words=1, nats=math.nan)
    assert all(math.isnan(getattr(score, figure)) for figure in FIGURES[:5])


@pytest.mark.parametrize(
    ("nats", "value"),
    [(0.0, 1.0), (math.log(2), 2.0), (709.0, math.exp(709)), (710.0, math.inf), (-1e9, 0.0)],
)
def test_exp_or_inf(nats: float, value: float) -> None:
    """The exponential saturates at infinity."""
    assert exp_or_inf(nats) == pytest.approx(value, rel=1e-14)


def test_describe() -> None:
    """A figure is described in nats, bits and as perplexity."""
    assert describe(math.log(2)) == "0.6931 nats = 1.0000 bits per character, perplexity 2.000"
