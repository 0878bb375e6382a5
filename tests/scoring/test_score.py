"""A score is a sum; every figure is one division of it."""

import math
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charseq.scoring.score import HUGE, Score, bits, exp_or_inf, perplexity_of, shown
from charseq.text import CharTokenizer
from charseq.text.codec import Codec

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


def test_it_is_compared_with_a_uniform_guess() -> None:
    """Of four characters each costs two bits in a uniform guess: as much is not worse, more is."""
    codec = Codec(CharTokenizer.fit("abcd"), "stream")
    assert not WORKED.is_worse_than_uniform(codec)
    assert replace(WORKED, nats=WORKED.nats * 1.01).is_worse_than_uniform(codec)
    assert not Score().is_worse_than_uniform(codec)


@given(a=scores)
def test_nothing_adds_nothing(a: Score) -> None:
    """The score of the empty text changes no other."""
    assert a + Score() == a


@pytest.mark.parametrize("field", ["num_words", "num_top1", "num_top5"])
def test_a_sum_with_what_was_not_counted_is_not_counted(field: str) -> None:
    """Where one of two texts has None for a count, so has their sum, in either order; the rest is added."""
    uncounted = Score(num_chars=1, num_bytes=1, nats=2.0, **{field: None})
    expected = replace(WORKED + Score(num_chars=1, num_bytes=1, nats=2.0), **{field: None})
    assert WORKED + uncounted == uncounted + WORKED == expected


def test_figures_of_what_was_not_counted_are_none() -> None:
    """A figure whose count is None is None, and the other figures are there."""
    score = replace(WORKED, num_words=None, num_top1=None, num_top5=None)
    assert score.word_perplexity is score.accuracy is score.top5_accuracy is None
    assert score.bits_per_char == WORKED.bits_per_char
    assert str(score) == str(WORKED)


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
    """A surprisal that is not a number stays one in every figure it enters."""
    score = Score(num_chars=1, num_bytes=1, num_words=1, nats=math.nan)
    assert all(math.isnan(getattr(score, figure)) for figure in FIGURES[:5])


@pytest.mark.parametrize(
    ("nats", "value"),
    [(0.0, 1.0), (math.log(2), 2.0), (709.0, math.exp(709)), (710.0, math.inf), (-1e9, 0.0)],
)
def test_exp_or_inf(nats: float, value: float) -> None:
    """The exponential saturates at infinity."""
    assert exp_or_inf(nats) == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize(
    ("nats", "value"), [(0.0, 0.0), (math.log(2), 1.0), (3 * math.log(2), 3.0), (1.0, math.log2(math.e))]
)
def test_bits(nats: float, value: float) -> None:
    """A bit is log 2 nats."""
    assert bits(nats) == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize(
    ("num_bits", "value"),
    [(0.0, 1.0), (1.0, 2.0), (-1.0, 0.5), (10.0, 1024.0), (1025.0, math.inf), (math.inf, math.inf)],
)
def test_perplexity_of(num_bits: float, value: float) -> None:
    """The perplexity is two to the power of the bits, and saturates at infinity."""
    assert perplexity_of(num_bits) == pytest.approx(value, rel=1e-12)


def test_the_perplexity_of_a_score_is_that_of_its_bits() -> None:
    """A score's perplexity is that of its bits per character."""
    score = Score(num_chars=7, num_bytes=9, nats=12.5)
    assert score.perplexity == pytest.approx(perplexity_of(score.bits_per_char), rel=1e-14)


def test_a_score_in_words() -> None:
    """A score is told in nats, bits per character and per byte, as perplexity, and with what it counts."""
    assert str(WORKED) == (
        "1.3863 nats = 2.0000 bits per character, 1.0000 bits per byte, perplexity 4.000 "
        "(8 characters, 1 of them unseen)"
    )


def test_a_score_in_words_without_unseen_characters() -> None:
    """Unseen characters are not mentioned where there are none; thousands are set apart."""
    assert str(Score(num_chars=15_789, num_bytes=15_789, nats=15_789 * math.log(2))) == (
        "0.6931 nats = 1.0000 bits per character, 1.0000 bits per byte, perplexity 2.000 (15,789 characters)"
    )


def test_many_unseen_characters_in_words() -> None:
    """The thousands of the unseen characters are set apart too."""
    score = Score(num_chars=4000, num_bytes=4000, num_unseen=1234)
    assert str(score).endswith(" (4,000 characters, 1,234 of them unseen)")


def test_a_score_of_nothing_in_words() -> None:
    """The score of the empty text can be told as well."""
    assert (
        str(Score()) == "nan nats = nan bits per character, nan bits per byte, perplexity nan (0 characters)"
    )


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (2.0, "2.0000"),
        (HUGE - 0.5, "99999.5000"),
        (HUGE, "1e+05"),
        (1234567.0, "1.23e+06"),
        (math.nan, "nan"),
    ],
)
def test_huge_figures_have_three_digits(figure: float, text: str) -> None:
    """Up to 100,000 a figure is told in the style that was asked for, from there on with three digits."""
    assert shown(figure, ".4f") == text


def test_a_diverged_score_in_words() -> None:
    """A perplexity beyond float64 is told as inf."""
    assert "perplexity inf (1 characters)" in str(Score(num_chars=1, num_bytes=1, nats=1e4))
