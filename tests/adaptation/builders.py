"""Small members and streams of tokens for the tests of adaptation."""

from functools import cache

import numpy as np

from charseq.adaptation import AdaptiveModel, Rates
from charseq.adaptation.gradient import GradientSteps
from charseq.arrays import BoolArray, FloatArray, TokenArray
from charseq.config import CellName, ModelConfig, Unit
from charseq.models import LanguageModel, fit_ngram
from charseq.models.mixture import MemberRecord, Mixture
from charseq.network import CharModel
from charseq.network.loss import log_softmax
from charseq.text import CharTokenizer
from charseq.text.batches import Examples
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText

SENTENCE = "the rain in spain\nstays mainly in the plain\n"
TOKENIZER = CharTokenizer.fit(SENTENCE)
V = TOKENIZER.vocab_size
KINDS = ("gru", "ngram", "mixture")


def config_of(cell: CellName = "gru", num_layers: int = 1) -> ModelConfig:
    """Return the settings of a small network."""
    return ModelConfig(cell=cell, hidden_size=8, num_layers=num_layers)


@cache
def network(cell: CellName = "gru", num_layers: int = 1) -> CharModel:
    """Return a network with random parameters."""
    model = CharModel(config_of(cell, num_layers), V)
    model.params.flat[...] = np.random.default_rng(3).normal(0, 0.4, model.params.flat.size)
    return model


def steps(
    *, rate: float = 0.05, scales: dict[str, float] | None = None, cell: CellName = "gru"
) -> GradientSteps:
    """Return a member that learns with a copy of the network."""
    return GradientSteps.of(config_of(cell), network(cell), rate=rate, scales=scales or {})


def codec_of(unit: Unit = "stream") -> Codec:
    """Return the codec of the sentence."""
    return Codec(TOKENIZER, unit)


@cache
def ngrams(unit: Unit = "stream") -> LanguageModel:
    """Return the 3-grams of the sentence."""
    return fit_ngram(Examples(EncodedText.of(SENTENCE), codec_of(unit)), vocab_size=V, order=3)


def members_of(kind: str, unit: Unit = "stream") -> list[tuple[ModelConfig, LanguageModel]]:
    """Return the members of a network alone, of n-grams alone, or of both together."""
    counted: tuple[ModelConfig, LanguageModel] = (ModelConfig(kind="ngram", order=3), ngrams(unit))
    trained: tuple[ModelConfig, LanguageModel] = (config_of(), network())
    return {"gru": [trained], "ngram": [counted], "mixture": [trained, counted]}[kind]


def model_of(kind: str, unit: Unit = "stream") -> LanguageModel:
    """Return the model of `kind` as it is without adapting."""
    members = members_of(kind, unit)
    if len(members) == 1:
        return members[0][1]
    records = [MemberRecord(config=config) for config, _ in members]
    return Mixture(records, [model for _, model in members], np.array([0.5, 0.6]), "log-linear")


def adaptive(kind: str, unit: Unit = "stream", rate: float = 0.05) -> AdaptiveModel:
    """Return the model of `kind`, set up to adapt."""
    members = members_of(kind, unit)
    weights = (*(0.5,) * len(members), 0.3)
    rates = Rates(rates=(rate,) * len(members), scales=({},) * len(members), weights=weights)
    return AdaptiveModel(members, rates)


def tokens_of(num: int, *, seed: int = 0, unseen: bool = True) -> TokenArray:
    """Return random tokens, with some repetitions and, if asked for, some that are UNSEEN."""
    rng = np.random.default_rng(seed)
    tokens = np.tile(rng.integers(0, V, num // 2 + 1), 2)[:num].astype(np.int32)
    tokens[rng.random(num) < 0.2] = rng.integers(0, V)
    if unseen:
        tokens[rng.random(num) < 0.05] = -1
    return tokens


def resets_of(num: int, *, seed: int = 1) -> BoolArray:
    """Return marks of which about one in eight is true, the first one among them."""
    resets = np.random.default_rng(seed).random(num) < 1 / 8
    resets[0] = True
    return resets


def p_of(logits: FloatArray) -> FloatArray:
    """Return the probabilities that belong to logits."""
    return np.exp(log_softmax(logits))
