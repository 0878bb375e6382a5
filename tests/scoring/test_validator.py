"""The score of a text again and again: in parallel parts, and as in one go wherever that can be."""

import numpy as np
import pytest

from charseq.config import ModelConfig
from charseq.models import LanguageModel
from charseq.network import CharModel
from charseq.scoring import Score, Scorer, Validator
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText
from tests.scoring.twins import TEXT, TOKENIZER, Kind, each, each_unit, model_of, random_text

LENGTHS = [1, 2, 63, 64, 65, 127, 128, 129, 300, 2047, 2048, 2049, 4500]


def scored(model: LanguageModel, text: str, codec: Codec) -> Score:
    return Scorer(model, codec, ranks=False).score(text).score()


def validated(model: LanguageModel, text: str, codec: Codec) -> Score:
    return Validator(model, codec, EncodedText.of(text)).score()


@pytest.mark.parametrize("num_chars", LENGTHS)
@each(Kind("gru", "line"), Kind("lstm", "line", "pair"), Kind("ngram", "line"), Kind("ngram", "stream"))
def test_validation_is_exact_where_no_part_needs_more_than_its_warm_up(kind: Kind, num_chars: int) -> None:
    """Of short lines, and of n-grams, the figures of the parallel parts are those of the text in one go."""
    model, text = kind.make(), random_text(num_chars)
    validation, expected = validated(model, text, kind.codec), scored(model, text, kind.codec)
    assert validation.nats == pytest.approx(expected.nats, rel=1e-9)
    assert (validation.num_chars, validation.num_bytes) == (num_chars, len(text.encode()))
    assert validation.num_unseen == expected.num_unseen == sum(char in "Q😀" for char in text)


@each(Kind("ngram", "stream", "pair"), Kind("ngram", "line", "pair"))
@pytest.mark.parametrize("num_chars", [1, 64, 129, 2049])
def test_parts_may_begin_inside_a_character(kind: Kind, num_chars: int) -> None:
    """Where a part begins with the second token of a character, nothing is lost and nothing counted twice."""
    text = random_text(num_chars)
    validation, expected = validated(kind.make(), text, kind.codec), scored(kind.make(), text, kind.codec)
    assert validation.nats == pytest.approx(expected.nats, rel=1e-9)
    assert (validation.num_chars, validation.num_bytes) == (num_chars, len(text.encode()))
    assert validation.num_unseen == expected.num_unseen


@pytest.mark.parametrize("num_chars", [1, 2, 63])
@each(Kind("rnn", "stream"), Kind("lstm", "stream"), Kind("gru", "stream", "pair"))
def test_validation_of_a_short_stream_is_exact(kind: Kind, num_chars: int) -> None:
    """The figure of a stream of a single part is that of the text in one go."""
    model, text = kind.make(), random_text(num_chars)
    expected = scored(model, text, kind.codec).nats_per_char
    assert validated(model, text, kind.codec).nats_per_char == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("cell", "num_chars"), [("rnn", 300), ("gru", 2049), ("lstm", 128), ("lstm", 4500)])
def test_validation_of_a_stream_is_close(cell: str, num_chars: int) -> None:
    """The figure of a stream's parallel parts, each warmed up, is close to that of the text in one go."""
    model, text, codec = model_of(cell, np.float32), random_text(num_chars), Codec(TOKENIZER, "stream")
    expected = scored(model, text, codec).nats_per_char
    assert validated(model, text, codec).nats_per_char == pytest.approx(expected, abs=1e-3)


@each(Kind("rnn", "line"), Kind("lstm", "line"), Kind("gru", "line", "pair"))
def test_validation_of_long_lines_is_close(kind: Kind) -> None:
    """The figure of lines longer than the warm-up is close to that of the text in one go."""
    model, text = kind.make(), random_text(4500, line_length=400)
    expected = scored(model, text, kind.codec).nats_per_char
    assert validated(model, text, kind.codec).nats_per_char == pytest.approx(expected, abs=1e-3)


@each(Kind("lstm", "stream"), Kind("gru", "line", "pair"))
def test_validation_can_be_repeated(kind: Kind) -> None:
    """A second validation of the same model gives the same bits."""
    validator = Validator(kind.make(), kind.codec, EncodedText.of(TEXT))
    assert validator.score() == validator.score()


@each_unit
def test_validation_sees_the_model_learn(unit: str) -> None:
    """A validator scores the model as it is now, not as it was."""
    model = CharModel(ModelConfig(cell="gru", hidden_size=8), TOKENIZER.vocab_size)
    validator = Validator(model, Kind("gru", unit).codec, EncodedText.of("hell\nhell\n"))
    before = validator.score().nats
    model.params["projection.c"][TOKENIZER.encode("l")] = 3
    assert validator.score().nats < before


def test_a_validator_knows_its_size() -> None:
    """A validator says how many characters it scores, however many tokens they are."""
    for kind in (Kind("gru", "stream"), Kind("gru", "stream", "pair")):
        num_chars = Validator(kind.make(), kind.codec, EncodedText.of(TEXT)).num_chars
        assert num_chars == len(TEXT)
        assert type(num_chars) is int


@each(Kind("gru", "stream"), Kind("gru", "line", "pair"))
def test_words_and_guesses_are_none_since_nobody_counts_them(kind: Kind) -> None:
    """A validation says None, not 0, of words and of right guesses, and so of their figures."""
    score = validated(kind.make(), TEXT, kind.codec)
    assert (score.num_words, score.num_top1, score.num_top5) == (None, None, None)
    assert (score.word_perplexity, score.accuracy, score.top5_accuracy) == (None, None, None)


# A part of a long text


@pytest.mark.parametrize("unit", ["stream", "line"])
def test_of_a_long_text_excerpts_from_all_over_are_scored(unit: str) -> None:
    """Each of the parallel parts is scored from its beginning, as far as the bound goes."""
    model, codec, text = model_of("gru"), Codec(TOKENIZER, unit), random_text(32 * 300)
    validator = Validator(model, codec, EncodedText.of(text), max_tokens=32 * 100)
    assert validator.num_chars == validator.score().num_chars == 32 * 100
    prices = Scorer(model, codec).score(text).nats.reshape(32, 300)[:, :100]
    assert validator.score().nats == pytest.approx(prices.sum(), rel=1e-4)


def test_a_validator_can_be_shortened() -> None:
    """It then is one with a smaller bound; more than a part has is all of it."""
    model, codec, text = model_of("gru"), Codec(TOKENIZER, "stream"), EncodedText.of(random_text(32 * 300))
    validator, bounded = Validator(model, codec, text), Validator(model, codec, text, max_tokens=32 * 100)
    validator.shorten_(100)
    assert validator.score() == bounded.score()
    assert (validator.num_chars, validator.num_tokens) == (bounded.num_chars, bounded.num_tokens)
    validator.shorten_(10**6)
    assert validator.num_chars == validator.score().num_chars == len(text)


def test_excerpts_are_the_same_each_time() -> None:
    """Two validations of one model agree in every bit."""
    text = EncodedText.of(random_text(5000))
    validator = Validator(model_of("lstm"), Codec(TOKENIZER, "stream"), text, max_tokens=1000)
    assert validator.score() == validator.score()


def test_a_text_within_the_bound_is_scored_whole() -> None:
    """The bound changes nothing there."""
    codec, text = Codec(TOKENIZER, "stream"), EncodedText.of(random_text(3000))
    bounded = Validator(model_of("gru"), codec, text, max_tokens=3000)
    assert bounded.score() == Validator(model_of("gru"), codec, text).score()


@each(Kind("gru", "stream"), Kind("gru", "stream", "pair"))
def test_the_work_is_counted_in_tokens(kind: Kind) -> None:
    """A tokenizer of several tokens for a character makes more work of the same text."""
    validator = Validator(kind.make(), kind.codec, EncodedText.of(TEXT))
    assert validator.num_chars == len(TEXT)
    assert validator.num_tokens == len(kind.codec.tokenizer.align(TEXT).tokens)


def test_a_quick_score_is_that_of_fewer_tokens() -> None:
    """It takes the beginning of each part, and no more than a part has."""
    kind, text = Kind("gru", "stream"), EncodedText.of(random_text(4500))
    model = kind.make()
    validator = Validator(model, kind.codec, text)
    quick = validator.score(num_steps=64)
    assert quick == Validator(model, kind.codec, text, max_tokens=32 * 64).score()
    assert quick.num_chars == 32 * 64
    assert validator.score(num_steps=10**6) == validator.score()
