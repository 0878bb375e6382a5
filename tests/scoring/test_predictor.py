"""The next character after a prefix: in agreement with the scorer, sorted, and a distribution."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charseq.config import ModelConfig
from charseq.errors import ConfigError
from charseq.models import fit_ngram
from charseq.network import CharModel
from charseq.network.reader import Reader
from charseq.scoring import Prediction, Predictor, Scorer
from charseq.text.batches import Examples
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText
from tests.scoring.twins import ALPHABET, EPS, TOKENIZER, Kind, each, plain

CHAR, LINE = Kind("lstm", "stream"), Kind("gru", "line")
PAIR, PAIR_LINE = Kind("lstm", "stream", "pair"), Kind("gru", "line", "pair")
WORDS = [("hell", "o"), ("exper", "t"), ("", "h"), ("hello", "\n"), ("hQll", "o"), ("kin", "Q")]
LINES = [("\n", "h"), ("hello\n", "h"), ("hello\nhel", "l"), ("\n\n", "k")]
each_kind = each(
    *(CHAR, LINE, PAIR, PAIR_LINE, Kind("rnn", "line"), Kind("ngram", "stream"), Kind("ngram", "line")),
)
each_example = each(CHAR, PAIR_LINE)


def predictor_of(kind: Kind) -> Predictor:
    return Predictor(kind.make(), kind.codec)


def all_of(kind: Kind, prefix: str) -> Prediction:
    return predictor_of(kind).predict(prefix, num_top=len(ALPHABET))


def assert_alike(found: Prediction, expected: Prediction) -> None:
    """Compare predictions, numbers up to rounding."""
    assert (found.prefix, found.target, found.rank) == (expected.prefix, expected.target, expected.rank)
    assert [guess.char for guess in found.top] == [guess.char for guess in expected.top]
    assert found.bits == (None if expected.bits is None else pytest.approx(expected.bits, rel=1e-9))
    assert found.entropy == pytest.approx(expected.entropy, rel=1e-9)


@each_kind
@pytest.mark.parametrize(("prefix", "target"), [*WORDS, *LINES])
def test_a_target_is_rated_as_the_scorer_rates_it(kind: Kind, prefix: str, target: str) -> None:
    """Bits, rank and entropy are those of the last character when prefix and target are scored."""
    prediction = predictor_of(kind).predict(prefix, target)
    surprisal = Scorer(kind.make(), kind.codec, num_guesses=1).score(prefix + target)
    assert surprisal.ranks is not None
    assert surprisal.expected is not None
    assert prediction.bits == pytest.approx(surprisal.nats[-1] / math.log(2), rel=1e-9)
    assert prediction.rank == surprisal.ranks[-1]
    assert prediction.entropy == pytest.approx(surprisal.expected.entropies[-1] / math.log(2), rel=1e-9)


@each_kind
def test_the_guesses_are_those_of_the_logits(kind: Kind) -> None:
    """Every guess has its probability by hand, and the likeliest comes first."""
    twin, top = plain(kind.make(), kind, "hello\nkin"), all_of(kind, "hello\nki").top
    assert [guess.probability for guess in top] == pytest.approx(twin.probabilities[-1], rel=1e-9)
    if kind.model != "ngram":  # of which several are equally likely
        assert [guess.char for guess in top] == [ALPHABET[place] for place in twin.order[-1]]


@pytest.mark.parametrize(("prefix", "target"), WORDS)
def test_probability_and_bits_agree(prefix: str, target: str) -> None:
    """The bits are -log2 of the probability, and the perplexity is one over it."""
    prediction = predictor_of(CHAR).predict(prefix, target)
    assert prediction.bits is not None
    assert prediction.probability == pytest.approx(2**-prediction.bits, rel=1e-12)
    assert prediction.perplexity == pytest.approx(2**prediction.bits, rel=1e-12)


@each(CHAR, LINE)
def test_the_vocabulary_shares_what_the_escape_leaves(kind: Kind) -> None:
    """The probabilities of the whole vocabulary add up to 1 - eps."""
    total = sum(guess.probability for guess in all_of(kind, "hell").top)
    assert total == pytest.approx(1 - EPS, rel=1e-12)


@each_example
def test_the_top_holds_each_character_once(kind: Kind) -> None:
    """The whole list of guesses is the alphabet, the likeliest first."""
    top = all_of(kind, "hell").top
    assert sorted(guess.char for guess in top) == list(ALPHABET)
    assert [guess.probability for guess in top] == sorted((guess.probability for guess in top), reverse=True)


@each_example
@pytest.mark.parametrize("num_top", [0, 1, 3, len(ALPHABET), len(ALPHABET) + 9])
def test_as_many_guesses_as_asked_for(kind: Kind, num_top: int) -> None:
    """As many guesses are given as were asked for, or as there are; the likeliest."""
    assert predictor_of(kind).predict("hell", num_top=num_top).top == all_of(kind, "hell").top[:num_top]


@each_example
def test_a_guess_agrees_with_the_target(kind: Kind) -> None:
    """A character has the same probability, to the bit, as a guess and as a target; its rank is its place."""
    for place, guess in enumerate(all_of(kind, "hell").top, start=1):
        prediction = predictor_of(kind).predict("hell", guess.char)
        assert (prediction.rank, prediction.probability) == (place, guess.probability)


@each_example
@pytest.mark.parametrize("target", ["Q", "Ż", "한", "😀"])
def test_an_unseen_target_costs_the_escape_and_its_bytes(kind: Kind, target: str) -> None:
    """An unseen target has rank 0 and costs the escape and 8 bits for each of its bytes."""
    prediction = predictor_of(kind).predict("hell", target)
    assert prediction.rank == 0
    assert prediction.bits == pytest.approx(-math.log2(EPS) + 8 * len(target.encode()), rel=1e-12)


def test_without_a_target_nothing_is_rated() -> None:
    """A prediction without a target has its guesses and its entropy alone."""
    prediction = predictor_of(CHAR).predict("hell")
    assert (prediction.target, prediction.probability, prediction.rank, prediction.bits) == (None,) * 4
    assert prediction.perplexity is None
    assert prediction.prefix == "hell"


def test_five_guesses_are_made_unless_another_number_is_asked_for() -> None:
    """Each prediction has the five likeliest characters, on the way to the target as well."""
    predictor = predictor_of(CHAR)
    predictions = [predictor.predict("hell"), *predictor.unroll("hell", "o")]
    assert [len(prediction.top) for prediction in predictions] == [5] * 5


def test_a_target_that_is_nearly_impossible_is_rated() -> None:
    """A character less likely than what a whole distribution may leave out has its rank and its price."""
    model = CharModel(ModelConfig(cell="rnn", hidden_size=2), PAIR.codec.vocab_size)
    model.params["projection.c"][0] = -40  # the first row of the alphabet
    rows, places = math.ceil(len(ALPHABET) / 8), 8
    prediction = Predictor(model, PAIR.codec).predict("hell", ALPHABET[0])
    nats = 40 + math.log(rows - 1 + math.exp(-40)) + math.log(places)
    assert prediction.bits == pytest.approx((nats - math.log(1 - EPS)) / math.log(2), rel=1e-9)
    assert prediction.rank == len(ALPHABET) - 7


def test_a_prediction_repeats_its_question() -> None:
    """A prediction names the prefix and the target."""
    prediction = predictor_of(CHAR).predict("hell", "o")
    assert (prediction.prefix, prediction.target) == ("hell", "o")


@each_example
def test_an_empty_target_is_refused(kind: Kind) -> None:
    """A target is one character or more, at the end of the way as always."""
    with pytest.raises(ConfigError, match="a target is one character or more; got "):
        predictor_of(kind).predict("hell", "")
    with pytest.raises(ConfigError, match="a target is one character or more; got "):
        predictor_of(kind).unroll("hell", "")


@pytest.mark.parametrize("target", ["o\nk", "ell", "ożo"])
@each_example
def test_a_target_of_several_characters_is_the_sum_of_them(kind: Kind, target: str) -> None:
    """The twin predicts one character after another; the entropy and the guesses are those of the first."""
    predictor = predictor_of(kind)
    singly = [predictor.predict("h" + target[:k], target[k]) for k in range(len(target))]
    whole = predictor.predict("h", target)
    assert whole.bits == pytest.approx(sum(one.bits or 0 for one in singly), abs=1e-6)
    assert whole.probability == pytest.approx(2 ** -(whole.bits or 0), rel=1e-6)
    assert (whole.prefix, whole.target, whole.rank) == ("h", target, None)
    assert (whole.entropy, whole.top) == (singly[0].entropy, singly[0].top)
    assert predictor.unroll("h", target)[-1] == whole


@each(CHAR, PAIR, Kind("ngram", "line"))
@given(prefixes=st.permutations(["hell", "kin", "exper", ""]))
def test_predictions_do_not_disturb_one_another(kind: Kind, prefixes: list[str]) -> None:
    """Each prefix is read from a zero state, whatever was asked before."""
    predictor = predictor_of(kind)
    for prefix in prefixes:
        assert predictor.predict(prefix) == predictor_of(kind).predict(prefix)


def test_the_way_leads_over_every_character() -> None:
    """On the way from hell to o, h is followed by e, he by l, hel by l, and hell by o."""
    steps = predictor_of(CHAR).unroll("hell", "o")
    ways = [("h", "e"), ("he", "l"), ("hel", "l"), ("hell", "o")]
    assert [(step.prefix, step.target) for step in steps] == ways


@each_kind
@pytest.mark.parametrize(("prefix", "target"), [("hello", "\n"), ("hQll", "ż"), ("he\n\nk", "i"), ("", "h")])
def test_every_step_of_the_way_is_a_prediction(kind: Kind, prefix: str, target: str) -> None:
    """Reading on gives what reading each beginning of the prefix anew would give."""
    predictor = predictor_of(kind)
    steps = predictor.unroll(prefix, target, num_top=2)
    for step in steps:
        assert_alike(step, predictor_of(kind).predict(step.prefix, step.target, num_top=2))
    assert len(steps) == max(1, len(prefix))
    assert (steps[-1].prefix, steps[-1].target) == (prefix, target)


@pytest.mark.parametrize("prefix", ["", "h", "hello king", "he\nll"])
def test_the_way_reads_the_prefix_once(prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way costs one reading for the beginning and one for each character of the prefix."""
    tokens: list[int] = []
    read = Reader.read

    def counted(reader: Reader, token: int) -> Any:
        tokens.append(token)
        return read(reader, token)

    monkeypatch.setattr(Reader, "read", counted)
    predictor_of(CHAR).unroll(prefix, "o")
    assert tokens[1:] == TOKENIZER.encode(prefix).tolist()


def test_without_a_target_the_last_step_is_not_rated() -> None:
    """The way without a target rates all but its last step."""
    steps = predictor_of(CHAR).unroll("kin", None)
    assert [step.target for step in steps] == ["i", "n", None]


def test_a_uniform_model_expects_everything_alike() -> None:
    """A model of zeros finds every seen character equally likely, and its entropy says so."""
    model = CharModel(ModelConfig(cell="gru", hidden_size=8), TOKENIZER.vocab_size)
    prediction = Predictor(model, Codec(TOKENIZER, "stream")).predict("hell", "o")
    p = (1 - EPS) / TOKENIZER.vocab_size
    assert prediction.entropy == pytest.approx(-(1 - EPS) * math.log2(p) - EPS * math.log2(EPS), rel=1e-12)
    assert prediction.probability == pytest.approx(p, rel=1e-12)


def test_the_entropy_is_that_of_the_guesses_and_of_the_escape() -> None:
    """The entropy takes all unseen characters as one event."""
    prediction = all_of(CHAR, "hell")
    events = [*(guess.probability for guess in prediction.top), EPS]
    assert prediction.entropy == pytest.approx(-sum(p * math.log2(p) for p in events), rel=1e-12)


def test_a_certain_model_doubts_unseen_characters_alone() -> None:
    """A model that is certain has the entropy of its doubt about unseen characters, and no nan."""
    model = CharModel(ModelConfig(cell="rnn", hidden_size=8), TOKENIZER.vocab_size)
    model.params["projection.c"][0] = 1e4
    prediction = Predictor(model, Codec(TOKENIZER, "stream")).predict("hell", TOKENIZER.vocab[1])
    expected = -(1 - EPS) * math.log2(1 - EPS) - EPS * math.log2(EPS)
    assert prediction.entropy == pytest.approx(expected, rel=1e-12)
    assert prediction.perplexity == math.inf


@pytest.mark.parametrize("tokens", ["char", "pair"])
def test_a_model_knows_what_it_has_read(tokens: str) -> None:
    """The classroom's examples: after hell comes o, after kin g, after exper t."""
    codec = Kind("ngram", "line", tokens).codec
    text = EncodedText.of("hello\nworld and zan\nexpert\n")
    model = fit_ngram(Examples(text, codec), vocab_size=codec.vocab_size, order=8)
    predictor = Predictor(model, codec)
    assert [predictor.predict(prefix).top[0].char for prefix in ("hell", "exper", "wo")] == ["o", "t", "r"]


def test_a_predictor_keeps_the_model_as_it_was() -> None:
    """A predictor predicts with the parameters of the moment it was made."""
    model = CharModel(ModelConfig(cell="gru", hidden_size=8), TOKENIZER.vocab_size)
    model.initialise_(np.random.default_rng(0))
    predictor = Predictor(model, Codec(TOKENIZER, "stream"))
    before = predictor.predict("hell")
    model.params["projection.c"][0] += 5
    assert predictor.predict("hell") == before
