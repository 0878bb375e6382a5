"""Mixtures: their distributions, against numpy written from the formulas, and what a file may say of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.config import ModelConfig, reason
from charseq.errors import ConfigError
from charseq.models import MODELS, LanguageModel, ModelKind, fit_ngram
from charseq.models.mixture import MAX_MEMBERS, MAX_WEIGHT, MEMBERS, RULES, WEIGHTS, MemberRecord, Mixture
from charseq.network import CharModel
from charseq.network.loss import log_softmax
from charseq.text import CharTokenizer
from charseq.text.batches import Examples
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText
from tests.builders import assert_close, random_array, with_random_parameters

Array = NDArray[Any]
TEXT = "hello king,\nthe expert is hell for kin\n" * 3
CODEC = Codec(CharTokenizer.fit(TEXT), "stream")
V = CODEC.vocab_size
KIND: ModelKind = MODELS["mixture"]
MIXTURE = ModelConfig(kind="mixture")

every_rule = pytest.mark.parametrize("rule", RULES)


def network(cell: Any = "gru", seed: int = 1) -> CharModel:
    """Return a network of four units with random parameters."""
    config = ModelConfig(cell=cell, hidden_size=4)
    return with_random_parameters(CharModel(config, V), seed=seed)


def ngrams(order: int) -> LanguageModel:
    """Return the n-grams of TEXT."""
    return fit_ngram(Examples(EncodedText.of(TEXT), CODEC), vocab_size=V, order=order)


MADE: dict[str, tuple[ModelConfig, LanguageModel]] = {
    "gru": (ModelConfig(cell="gru", hidden_size=4), network()),
    "lstm": (ModelConfig(cell="lstm", hidden_size=4), network("lstm", seed=2)),
    "ngram:1": (ModelConfig(kind="ngram", order=1), ngrams(1)),
    "ngram:4": (ModelConfig(kind="ngram", order=4), ngrams(4)),
}
BLENDS = [("gru", "ngram:4"), ("gru", "lstm"), ("ngram:1", "ngram:4"), ("lstm", "ngram:1", "gru", "ngram:4")]
every_blend = pytest.mark.parametrize("names", BLENDS, ids="+".join)


def mixture(names: Sequence[str] = BLENDS[0], rule: str = "log-linear") -> Mixture:
    """Return a mixture of these models, with weights that sum to one only if they must."""
    weights = 0.2 + np.arange(len(names)) / 3
    if rule == "linear":
        weights /= weights.sum()
    members = [MemberRecord(config=MADE[name][0], source=name, sha256="0" * 64) for name in names]
    return Mixture(members, [MADE[name][1] for name in names], weights, rule)


def read_in_one(model: LanguageModel, resets: Array | None = None) -> Array:
    """Return log p (L, V) at each token of TEXT, read as one window."""
    inputs = CODEC.examples(TEXT).inputs[:, None]
    work = model.workspace(len(inputs), 1, resets=True, backward=False)
    return log_softmax(model.forward(inputs, model.initial_state(1), work, resets=resets)[:, 0])


# ---- the distributions


@every_rule
@every_blend
def test_the_probabilities_sum_to_one_at_every_position(names: tuple[str, ...], rule: str) -> None:
    """Whatever the members and the weights are."""
    assert_close(np.exp(read_in_one(mixture(names, rule))).sum(axis=1), 1, tolerance=1e-9)


@every_blend
def test_log_linear_is_the_normalised_product_of_powers(names: tuple[str, ...]) -> None:
    """p(w) is the product of p_i(w) to the power a_i, divided by its sum over w."""
    made = mixture(names)
    product = np.ones((len(TEXT), V))
    for name, weight in zip(names, made.weights, strict=True):
        product *= np.exp(read_in_one(MADE[name][1])) ** weight
    assert_close(np.exp(read_in_one(made)), [row / sum(row) for row in product])


@every_blend
def test_linear_is_the_weighted_mean_of_the_probabilities(names: tuple[str, ...]) -> None:
    """p(w) is the sum of a_i p_i(w)."""
    made = mixture(names, "linear")
    expected = np.zeros((len(TEXT), V))
    for name, weight in zip(names, made.weights, strict=True):
        expected += weight * np.exp(read_in_one(MADE[name][1]))
    assert_close(np.exp(read_in_one(made)), expected)


@every_rule
@every_blend
def test_reading_token_by_token_gives_the_same(names: tuple[str, ...], rule: str) -> None:
    """The reader and a whole window agree, also after the reader was reset."""
    made = mixture(names, rule)
    reader, inputs = made.reader(), CODEC.examples(TEXT).inputs.tolist()
    reader.read(inputs[3])
    reader.reset_()
    assert_close([log_softmax(reader.read(token)) for token in inputs], read_in_one(made), tolerance=1e-5)


def test_the_state_goes_on_from_window_to_window() -> None:
    """Two windows give what one gives, for two streams at once."""
    made = mixture()
    tokens = np.stack([CODEC.examples(TEXT).inputs, CODEC.examples(TEXT[::-1]).inputs], axis=1)
    state, work = made.initial_state(2), made.workspace(60, 2, backward=False)
    found = [made.forward(tokens[begin : begin + 60], state, work).copy() for begin in (0, 60)]
    assert_close(log_softmax(np.concatenate(found))[:, 0], read_in_one(made)[:120], tolerance=1e-5)


def test_a_reset_is_a_reset_of_every_member() -> None:
    """After it the predictions are those at the beginning."""
    made, begin = mixture(), TEXT.index("\n") + 1
    resets = np.zeros((len(TEXT), 1), np.bool_)
    resets[begin] = True
    inputs = CODEC.examples(TEXT).inputs[begin:, None]
    work = made.workspace(len(inputs), 1, backward=False)
    alone = log_softmax(made.forward(inputs, made.initial_state(1), work)[:, 0])
    assert_close(read_in_one(made, resets)[begin:], alone, tolerance=1e-5)


@every_rule
def test_restoring_a_reader_is_exact(rule: str) -> None:
    """What was read in between is forgotten, to the last bit."""
    reader = mixture(rule=rule).reader()
    reader.read(1)
    saved = reader.save()
    before = reader.read(2).copy()
    reader.read(3)
    reader.restore_(saved)
    np.testing.assert_array_equal(reader.read(2), before)


def test_extreme_logits_give_finite_figures() -> None:
    """Neither large logits nor large weights overflow."""
    logits = [1e4 * random_array(5, V), -700 * np.abs(random_array(5, V, seed=1))]
    for rule, weights in (("log-linear", [MAX_WEIGHT, 3.0]), ("linear", [0.0, 1.0])):
        assert np.isfinite(log_softmax(RULES[rule](logits, np.array(weights)))).all()


# ---- the kind


def test_what_a_mixture_says_of_itself() -> None:
    """Its members in a few words, and all that they have learnt."""
    made = mixture(("gru", "ngram:4"))
    assert repr(made) == "<Mixture: log-linear, gru 1 x 4 + ngram:4>"
    assert KIND.describe_model(MIXTURE, made) == "gru 1 x 4 + ngram:4"
    assert made.num_parameters == MADE["gru"][1].num_parameters + MADE["ngram:4"][1].num_parameters + 2


def test_the_facts_are_weights_files_and_the_rule() -> None:
    """One line for each member."""
    assert KIND.facts(MIXTURE, mixture(("gru", "ngram:4"))) == [
        ("member 1", "gru 1 x 4, weight 0.200, from gru (SHA-256 000000000000)"),
        ("member 2", "ngram:4, weight 0.533, from ngram:4 (SHA-256 000000000000)"),
        ("rule", "log-linear"),
    ]


def test_a_mixture_is_neither_built_nor_trained() -> None:
    """It is made of models that are there."""
    with pytest.raises(ConfigError, match=r"^a mixture is made of models that are there already, by"):
        KIND.build(MIXTURE, V, np.random.default_rng(0))
    with pytest.raises(ConfigError, match=r"^the members of a mixture have learnt already$"):
        KIND.learn(mixture(), Examples(EncodedText.of(TEXT), CODEC), None)


@every_rule
@every_blend
def test_its_tensors_make_it_again(names: tuple[str, ...], rule: str) -> None:
    """Members, weights and rule come back, and predict the same bits."""
    made = mixture(names, rule)
    again = KIND.load(MIXTURE, V, made.tensors())
    assert isinstance(again, Mixture)
    assert (again.members, again.rule) == (made.members, rule)
    np.testing.assert_array_equal(read_in_one(again), read_in_one(made))


# ---- tensors of strangers


def refusal(**changes: Any) -> str:
    """Return why a mixture is refused whose tensors are changed; None removes one."""
    names = {"record": MEMBERS, "weights": WEIGHTS}
    changed = mixture().tensors() | {names.get(key, key): value for key, value in changes.items()}
    with pytest.raises((ValueError, ConfigError)) as caught:
        KIND.load(MIXTURE, V, {name: array for name, array in changed.items() if array is not None})
    return str(caught.value)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([-0.5, 1.0], "a weight is negative, too large, or no number"),
        ([np.nan, 1.0], "a weight is negative, too large, or no number"),
        ([np.inf, 1.0], "a weight is negative, too large, or no number"),
        ([1e308, 1e308], "a weight is negative, too large, or no number"),
        ([1.0], r"the weights are float64 (1,)"),
        ([[0.5, 0.5]], r"the weights are float64 (1, 2)"),
        ([1, 0], r"the weights are int64 (2,)"),
        (None, "tensor mixture.weights is missing"),
    ],
    ids=str,
)
def test_weights_that_no_mixture_has_are_refused(weights: Any, message: str) -> None:
    """There are as many as members, and each is a number from 0 to MAX_WEIGHT."""
    assert refusal(weights=None if weights is None else np.array(weights)) == message


def test_the_weights_of_a_linear_mixture_sum_to_one() -> None:
    """Else the probabilities would not be those that were asked for."""
    tensors = mixture(rule="linear").tensors() | {WEIGHTS: np.array([0.5, 0.6])}
    with pytest.raises(ValueError, match=r"^the weights of a linear mixture do not sum to one$"):
        KIND.load(MIXTURE, V, tensors)


def test_weights_of_zero_are_those_of_the_uniform_distribution() -> None:
    """A log-linear mixture of models that are worse than a guess has such weights, and its file is sound."""
    again = KIND.load(MIXTURE, V, mixture().tensors() | {WEIGHTS: np.zeros(2)})
    assert_close(read_in_one(again), -np.log(V))


GRU = '{"config": {"kind": "recurrent", "hidden_size": 4}}'


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("no JSON", "Invalid JSON"),
        ("[" * 10_000, "Invalid JSON"),
        ("{}", "rule: Field required"),
        ('{"rule": "log-linear", "members": []}', "members: Tuple should have at least 1 item"),
        (f'{{"rule": "linear", "members": [{", ".join([GRU] * (MAX_MEMBERS + 1))}]}}', "at most 64 items"),
        (f'{{"rule": "log-linear", "members": [{GRU}]}}', "the weights are float64 (2,)"),
        (f'{{"rule": "cubic", "members": [{GRU}, {GRU}]}}', "there is no rule 'cubic'"),
        (f'{{"rule": "linear", "members": [{GRU}, {GRU}], "x": 1}}', "x: Extra inputs are not permitted"),
        ('{"rule": "linear", "members": [{"config": {"kind": "oracle"}}]}', "members.0.config.kind: unknown"),
    ],
)
def test_a_record_that_no_mixture_has_is_refused(record: str, message: str) -> None:
    """Each with the reason."""
    with pytest.raises((ValueError, ConfigError)) as caught:
        KIND.load(MIXTURE, V, mixture().tensors() | {MEMBERS: np.frombuffer(record.encode(), np.uint8)})
    assert message in reason(caught.value)


def test_a_mixture_within_a_mixture_is_refused() -> None:
    """`charseq mix` takes mixtures apart, so that no file is nested without end."""
    record = f'{{"rule": "log-linear", "members": [{GRU}, {{"config": {{"kind": "mixture"}}}}]}}'
    assert refusal(record=np.frombuffer(record.encode(), np.uint8)) == "a mixture within a mixture"


def test_a_missing_tensor_of_a_member_is_named() -> None:
    """It is refused by the member's own kind."""
    assert "ngram.2.keys" in refusal(**{"members.1.ngram.2.keys": None})
