"""The next character after a prefix: in agreement with the scorer, sorted, and a distribution."""

import math
from functools import cache
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.cells import CELLS
from charseq.config import CellName, ModelConfig, Unit
from charseq.models import NGram, fit_ngram
from charseq.network import CharModel
from charseq.network.reader import Reader
from charseq.scoring.predictor import Prediction, Predictor
from charseq.scoring.scorer import Scorer
from charseq.text import CharTokenizer
from charseq.text.batches import Examples
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText

TOKENIZER = CharTokenizer.fit("hello king expert\nhell\n")
VOCAB_SIZE = TOKENIZER.vocab_size
EPS = TOKENIZER.escape_probability
WORDS = [("hell", "o"), ("kin", "g"), ("exper", "t"), ("", "h"), ("hello", "\n"), ("hQll", "o"), ("kin", "ż")]
each_cell = pytest.mark.parametrize("cell", CELLS)
each_unit = pytest.mark.parametrize("unit", get_args(Unit))
each_word = pytest.mark.parametrize(("prefix", "target"), WORDS)


@cache
def model_of(cell: CellName) -> CharModel:
    model = CharModel(ModelConfig(cell=cell, hidden_size=8), VOCAB_SIZE, np.float64)
    model.initialise_(np.random.default_rng(0))
    model.params.flat *= 2
    return model


def predictor_of(cell: CellName = "lstm", unit: Unit = "stream") -> Predictor:
    return Predictor(model_of(cell), Codec(TOKENIZER, unit))


def all_of(prefix: str, unit: Unit = "stream") -> Prediction:
    return predictor_of(unit=unit).predict(prefix, num_top=VOCAB_SIZE)


def last_nats(cell: CellName, unit: Unit, prefix: str, target: str) -> float:
    return float(Scorer(model_of(cell), Codec(TOKENIZER, unit)).score(prefix + target).nats[-1])


@each_cell
@each_unit
@each_word
def test_bits_are_those_of_the_scorer(cell: CellName, unit: Unit, prefix: str, target: str) -> None:
    """The bits of a target are those that scoring the prefix with the target gives to its last character."""
    bits = predictor_of(cell, unit).predict(prefix, target).bits
    assert bits == pytest.approx(last_nats(cell, unit, prefix, target) / math.log(2), rel=1e-9)


@each_unit
@pytest.mark.parametrize("prefix", ["\n", "hello\n", "hello\nhel", "\n\n"])
def test_prefix_of_several_lines(unit: Unit, prefix: str) -> None:
    """A prefix that runs over lines is read as the scorer reads it: with unit line each line on its own."""
    bits = predictor_of("lstm", unit).predict(prefix, "h").bits
    assert bits == pytest.approx(last_nats("lstm", unit, prefix, "h") / math.log(2), rel=1e-9)


@each_unit
@each_word
def test_rank_is_that_of_the_scorer(unit: Unit, prefix: str, target: str) -> None:
    """The rank of a target is the scorer's."""
    ranks = Scorer(model_of("gru"), Codec(TOKENIZER, unit)).score(prefix + target).ranks
    assert predictor_of("gru", unit).predict(prefix, target).rank == ranks[-1]


@each_word
def test_probability_and_bits_agree(prefix: str, target: str) -> None:
    """The bits are -log2 of the probability, and the perplexity is one over it."""
    prediction = predictor_of().predict(prefix, target)
    assert prediction.bits is not None
    assert prediction.probability == pytest.approx(2**-prediction.bits, rel=1e-12)
    assert prediction.perplexity == pytest.approx(2**prediction.bits, rel=1e-12)


@each_unit
def test_vocabulary_shares_what_the_escape_leaves(unit: Unit) -> None:
    """The probabilities of the whole vocabulary add up to 1 - eps."""
    assert sum(guess.probability for guess in all_of("hell", unit).top) == pytest.approx(1 - EPS, rel=1e-12)


def test_top_holds_each_character_once() -> None:
    """The whole list of guesses is the vocabulary."""
    assert sorted(guess.char for guess in all_of("hell").top) == list(TOKENIZER.vocab)


def test_top_is_sorted() -> None:
    """The likeliest guess comes first."""
    probabilities = [guess.probability for guess in all_of("hell").top]
    assert probabilities == sorted(probabilities, reverse=True)


@pytest.mark.parametrize("num_top", [0, 1, 3, VOCAB_SIZE, VOCAB_SIZE + 9])
def test_num_top(num_top: int) -> None:
    """As many guesses are given as were asked for, or as there are; the likeliest."""
    assert predictor_of().predict("hell", num_top=num_top).top == all_of("hell").top[:num_top]


def test_guess_agrees_with_the_target() -> None:
    """A character has the same probability, to the bit, as a guess and as a target; its rank is its place."""
    for place, guess in enumerate(all_of("hell").top, start=1):
        prediction = predictor_of().predict("hell", guess.char)
        assert prediction.rank == place
        assert prediction.probability == guess.probability


@pytest.mark.parametrize("target", ["Q", "ż", "한", "😀"])
def test_unseen_target(target: str) -> None:
    """An unseen target has rank 0 and costs the escape and 8 bits for each of its bytes."""
    prediction = predictor_of().predict("hell", target)
    assert prediction.rank == 0
    assert prediction.bits == pytest.approx(-math.log2(EPS) + 8 * len(target.encode()), rel=1e-12)


def test_no_target() -> None:
    """Without a target nothing is rated."""
    prediction = predictor_of().predict("hell")
    assert (prediction.target, prediction.probability, prediction.rank, prediction.bits) == (None,) * 4
    assert prediction.perplexity is None


@each_unit
def test_empty_prefix(unit: Unit) -> None:
    """After the empty prefix comes what a text, or a line, begins with."""
    nats = Scorer(model_of("lstm"), Codec(TOKENIZER, unit)).score("h").nats[0]
    probability = predictor_of("lstm", unit).predict("", "h").probability
    assert probability == pytest.approx(math.exp(-nats), rel=1e-9)


def test_prediction_names_its_question() -> None:
    """A prediction repeats what it was asked."""
    prediction = predictor_of().predict("hell", "o")
    assert (prediction.prefix, prediction.target) == ("hell", "o")


@settings(deadline=None)
@given(prefixes=st.permutations(["hell", "kin", "exper", ""]))
def test_predictions_do_not_disturb_one_another(prefixes: list[str]) -> None:
    """Each prefix is read from a zero state, whatever was asked before."""
    predictor = predictor_of()
    for prefix in prefixes:
        assert predictor.predict(prefix) == predictor_of().predict(prefix)


def test_unroll() -> None:
    """On the way from hell to o, h is followed by e, he by l, hel by l, and hell by o."""
    steps = predictor_of().unroll("hell", "o")
    assert [(step.prefix, step.target) for step in steps] == [
        ("h", "e"),
        ("he", "l"),
        ("hel", "l"),
        ("hell", "o"),
    ]


def test_unroll_predicts() -> None:
    """Each step of the way is the prediction one gets by asking for it."""
    steps = predictor_of().unroll("hell", "o", num_top=2)
    assert steps == [predictor_of().predict(step.prefix, step.target, num_top=2) for step in steps]


@each_cell
@each_unit
@each_word
def test_every_step_of_the_way_is_a_prediction(cell: CellName, unit: Unit, prefix: str, target: str) -> None:
    """Reading on gives the bits that reading each beginning of the prefix anew would give."""
    predictor = predictor_of(cell, unit)
    steps = predictor.unroll(prefix, target)
    assert steps == [predictor_of(cell, unit).predict(step.prefix, step.target) for step in steps]
    assert (steps[-1].prefix, steps[-1].target) == (prefix, target)


@each_unit
def test_unroll_over_several_lines(unit: Unit) -> None:
    """The way may lead over the ends of lines."""
    steps = predictor_of(unit=unit).unroll("he\n\nk", "i")
    assert [(step.prefix, step.target) for step in steps] == [
        ("h", "e"),
        ("he", "\n"),
        ("he\n", "\n"),
        ("he\n\n", "k"),
        ("he\n\nk", "i"),
    ]
    assert steps == [predictor_of(unit=unit).predict(step.prefix, step.target) for step in steps]


def test_unroll_of_nothing() -> None:
    """From the empty prefix there is one step, to the target."""
    assert predictor_of().unroll("", "h") == [predictor_of().predict("", "h")]


def test_unroll_refuses_what_is_no_character() -> None:
    """A target at the end of the way is one character, as always."""
    for target in ("", "oo"):
        with pytest.raises(ValueError, match="a target is one character, not "):
            predictor_of().unroll("hell", target)


@pytest.mark.parametrize("prefix", ["", "h", "hello king", "he\nll"])
def test_unroll_reads_the_prefix_once(prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way costs one reading for the beginning and one for each character of the prefix."""
    tokens: list[int] = []
    read = Reader.read

    def counted(reader: Reader, token: int) -> Any:
        tokens.append(token)
        return read(reader, token)

    monkeypatch.setattr(Reader, "read", counted)
    predictor_of().unroll(prefix, "o")
    assert tokens[1:] == TOKENIZER.encode(prefix).tolist()


def test_unroll_without_a_target() -> None:
    """Without a target only the last step is not rated."""
    steps = predictor_of().unroll("kin", None)
    assert [step.target for step in steps] == ["i", "n", None]


@each_cell
def test_uniform_model(cell: CellName) -> None:
    """A model of zeros finds every seen character equally likely, and its entropy says so."""
    model = CharModel(ModelConfig(cell=cell, hidden_size=8), VOCAB_SIZE)
    prediction = Predictor(model, Codec(TOKENIZER, "stream")).predict("hell", "o")
    p = (1 - EPS) / VOCAB_SIZE
    assert prediction.entropy == pytest.approx(-(1 - EPS) * math.log2(p) - EPS * math.log2(EPS), rel=1e-12)
    assert prediction.probability == pytest.approx(p, rel=1e-12)


def test_entropy() -> None:
    """The entropy is that of the guesses and of the escape, taken as one event."""
    prediction = all_of("hell")
    events = [*(guess.probability for guess in prediction.top), EPS]
    assert prediction.entropy == pytest.approx(-sum(p * math.log2(p) for p in events), rel=1e-12)


def test_certain_model() -> None:
    """A model that is certain has the entropy of its doubt about unseen characters, and no nan."""
    model = CharModel(ModelConfig(cell="rnn", hidden_size=8), VOCAB_SIZE)
    model.params["projection.c"][0] = 1e4
    prediction = Predictor(model, Codec(TOKENIZER, "stream")).predict("hell", TOKENIZER.vocab[1])
    assert prediction.entropy == pytest.approx(
        -(1 - EPS) * math.log2(1 - EPS) - EPS * math.log2(EPS), rel=1e-12
    )
    assert prediction.perplexity == math.inf


# N-grams


@cache
def ngram_of(unit: Unit) -> NGram:
    return fit_ngram(
        Examples(EncodedText.of("hello king expert\nhell\nkin\n"), Codec(TOKENIZER, unit)),
        vocab_size=TOKENIZER.vocab_size,
        order=4,
    )


@each_unit
@pytest.mark.parametrize(("prefix", "target"), [*WORDS, ("hello\nhel", "l"), ("\n", "k"), ("hello\n", "h")])
def test_ngrams_predict_what_they_are_scored_for(unit: Unit, prefix: str, target: str) -> None:
    """The bits and the rank that n-grams give a target are those of scoring the prefix with it."""
    prediction = Predictor(ngram_of(unit), Codec(TOKENIZER, unit)).predict(prefix, target)
    surprisal = Scorer(ngram_of(unit), Codec(TOKENIZER, unit)).score(prefix + target)
    assert prediction.bits == pytest.approx(surprisal.nats[-1] / math.log(2), rel=1e-9)
    assert prediction.rank == surprisal.ranks[-1]


def test_ngrams_know_what_they_have_read() -> None:
    """The classroom's examples: o after hell, g after kin, t after exper."""
    predictor = Predictor(ngram_of("stream"), Codec(TOKENIZER, "stream"))
    assert [predictor.predict(prefix).top[0].char for prefix in ("exper", "hello ki", "hello k")] == [*"tni"]


@each_unit
def test_ngrams_do_not_mix_up_prefixes(unit: Unit) -> None:
    """Each prefix is read from nothing, whatever was asked before."""
    predictor = Predictor(ngram_of(unit), Codec(TOKENIZER, unit))
    for prefix in ("hell", "", "kin", "hell"):
        assert predictor.predict(prefix) == Predictor(ngram_of(unit), Codec(TOKENIZER, unit)).predict(prefix)


@each_unit
def test_ngrams_on_the_way(unit: Unit) -> None:
    """Reading on gives what reading each beginning of the prefix anew would give."""
    predictor = Predictor(ngram_of(unit), Codec(TOKENIZER, unit))
    steps = predictor.unroll("hello\nQkin", "g")
    assert steps == [predictor.predict(step.prefix, step.target) for step in steps]
