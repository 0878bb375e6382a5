"""Mixtures: models that share a vocabulary read the same text, and their predictions are combined.

    log-linear   log p(w) = sum_i a_i log p_i(w) - log Z
    linear       p(w)     = sum_i a_i p_i(w)

The weights a_i are not negative. Those of a linear mixture sum to one. Those of a log-linear mixture need
not, because Z makes the sum of all p(w) one: two models that agree may be right more often than each says.

Sources: Jelinek and Mercer 1980, "Interpolated estimation of Markov source parameters from sparse data";
Klakow 1998, "Log-linear interpolation of language models"; for networks with n-grams Mikolov et al. 2011,
"Empirical evaluation and combination of advanced language modeling techniques".
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from charseq.arrays import BoolArray, FloatArray, IndexArray, TokenArray
from charseq.config import ModelConfig, brief
from charseq.errors import ConfigError
from charseq.models.contract import LanguageModel
from charseq.models.kind import Learner, ModelKind
from charseq.models.kneser_ney import log
from charseq.models.many import many_readers
from charseq.models.mixture_reader import MixtureReader, MixtureReaders
from charseq.network import State
from charseq.network.loss import log_softmax
from charseq.registry import MODELS
from charseq.text.batches import Examples

MAX_MEMBERS = 64
MAX_WEIGHT = 1e6
"""The largest weight that a file may have; those that are fitted sum to about one."""
MEMBERS, WEIGHTS = "mixture.members", "mixture.weights"
"""The tensors of a file that hold the members' records, as JSON in UTF-8, and their weights."""


class MemberRecord(BaseModel):
    """The record of a member: its settings, and the file that it came from with the SHA-256 of this file.

    The last two are empty for a member that was made together with the mixture.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    config: ModelConfig
    source: str = ""
    sha256: str = ""

    @property
    def kind(self) -> ModelKind:
        """The kind of the member."""
        kind: ModelKind = MODELS[self.config.kind]
        return kind

    @property
    def description(self) -> str:
        """The member in a few words: "gru 1 x 256"."""
        return self.kind.describe(self.config)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    rule: str
    members: tuple[MemberRecord, ...] = Field(min_length=1, max_length=MAX_MEMBERS)


RECORD = TypeAdapter(_Record)


def log_linear(logits: Sequence[FloatArray], weights: FloatArray) -> FloatArray:
    """Return the weighted sum of the `logits` (..., V); what normalises each of them cancels in softmax."""
    total: FloatArray = weights[0] * logits[0].astype(np.float64)
    for weight, one in zip(weights[1:], logits[1:], strict=True):
        total += weight * one
    return total


def linear(logits: Sequence[FloatArray], weights: FloatArray) -> FloatArray:
    """Return the logarithm of the weighted sum of the probabilities that belong to the `logits` (..., V)."""
    total: FloatArray = sum(
        weight * np.exp(log_softmax(one)) for weight, one in zip(weights, logits, strict=True)
    )
    return log(total)


RULES: Mapping[str, Callable[[Sequence[FloatArray], FloatArray], FloatArray]] = {
    "log-linear": log_linear,
    "linear": linear,
}
"""The rules, by name: functions of the members' logits and weights that return the mixture's logits."""


class Part(NamedTuple):
    """A member of a mixture: its record, its model, and its weight."""

    member: MemberRecord
    model: LanguageModel
    weight: float

    @property
    def description(self) -> str:
        """The member in a few words: "gru 1 x 256"."""
        return self.member.description


class Mixture:
    """The members' records and models, their weights (M,), and the rule by which they are combined."""

    def __init__(
        self, members: Sequence[MemberRecord], models: Sequence[LanguageModel], weights: FloatArray, rule: str
    ) -> None:
        self.members, self.models, self.weights, self.rule = tuple(members), tuple(models), weights, rule
        self.vocab_size = models[0].vocab_size

    def __repr__(self) -> str:
        return f"<Mixture: {self.rule}, {self.description}>"

    @property
    def description(self) -> str:
        """The members in a few words: "gru 1 x 256 + ngram:8"."""
        return " + ".join(member.description for member in self.members)

    @property
    def parts(self) -> list[Part]:
        """The members, each with its model and its weight."""
        return [Part(*part) for part in zip(self.members, self.models, self.weights.tolist(), strict=True)]

    @property
    def num_parameters(self) -> int:
        """The number of learnt numbers of all members, and of their weights."""
        return sum(model.num_parameters for model in self.models) + len(self.weights)

    @property
    def context(self) -> int | None:
        """The number of tokens before a token that matter, None if a member knows of no such limit."""
        found = [getattr(model, "context", None) for model in self.models]
        known = [number for number in found if number is not None]
        return max(known) if len(known) == len(found) else None

    def tensors(self) -> dict[str, Any]:
        """Return by name the tensors of every member, the weights, and the record of the members."""
        record = RECORD.dump_json(_Record(rule=self.rule, members=self.members))
        named = {WEIGHTS: self.weights, MEMBERS: np.frombuffer(record, np.uint8)}
        for k, model in enumerate(self.models):
            named |= {f"{_prefix(k)}{name}": array for name, array in model.tensors().items()}
        return named

    def combine(self, logits: Sequence[FloatArray]) -> FloatArray:
        """Return the mixture's logits (..., V), given those of each member."""
        return RULES[self.rule](logits, self.weights)

    def initial_state(self, batch_size: int) -> State:
        """Return the state of `batch_size` streams that have read nothing: those of all members."""
        return _together([model.initial_state(batch_size) for model in self.models])

    def workspace(
        self, num_steps: int, batch_size: int, *, resets: bool = False, backward: bool = True
    ) -> list[Any]:
        """Return the workspaces of the members for a window."""
        return [
            model.workspace(num_steps, batch_size, resets=resets, backward=backward) for model in self.models
        ]

    def forward(
        self, tokens: TokenArray, state: State, work: list[Any], *, resets: BoolArray | None = None
    ) -> FloatArray:
        """Return the logits (T, N, V) of the token after each of `tokens` (T, N); advance `state` in place.

        `resets` (T, N) is true where a stream is reset before the token.
        """
        each = zip(self.models, _apart(state, len(self.models)), work, strict=True)
        return self.combine([model.forward(tokens, s, w, resets=resets) for model, s, w in each])

    def recall(self, work: list[Any], steps: IndexArray, streams: IndexArray) -> State:
        """Return the state of M streams: that of each of `streams` (M,) after its step of `steps` (M,)."""
        each = zip(self.models, work, strict=True)
        return _together([model.recall(one, steps, streams) for model, one in each])

    def reader(self) -> MixtureReader:
        """Return a reader that has read nothing."""
        return MixtureReader([model.reader() for model in self.models], self.combine)

    def many(self, num_texts: int) -> MixtureReaders:
        """Return a reader of `num_texts` texts at once."""
        return MixtureReaders([many_readers(model, num_texts) for model in self.models], self.combine)


class MixtureKind(ModelKind):
    """Mixtures of models that were made before; `charseq mix` makes them, not `charseq train`."""

    name = "mixture"
    parameters_name = "learnt numbers"
    settings: ClassVar[Mapping[str, frozenset[str]]] = {}

    def describe(self, config: ModelConfig) -> str:
        """Return the name of the kind."""
        return self.name

    def describe_model(self, config: ModelConfig, model: Mixture) -> str:
        """Return the members: "gru 1 x 256 + ngram:8"."""
        return model.description

    def stem(self, config: ModelConfig) -> str:
        """Return the name of the kind."""
        return self.name

    def build(self, config: ModelConfig, vocab_size: int, rng: np.random.Generator) -> Mixture:
        """Raise ConfigError: a mixture is made of models."""
        raise ConfigError("a mixture is made of models that are there already, by charseq mix")

    def load(self, config: ModelConfig, vocab_size: int, tensors: Mapping[str, Any]) -> Mixture:
        """Return the mixture of these members, each loaded by its own kind."""
        if MEMBERS not in tensors or WEIGHTS not in tensors:
            raise ValueError(f"tensor {MEMBERS if MEMBERS not in tensors else WEIGHTS} is missing")
        record, weights = RECORD.validate_json(tensors[MEMBERS].tobytes()), tensors[WEIGHTS]
        if record.rule not in RULES:
            raise ValueError(f"there is no rule {brief(record.rule)}")
        _check_weights(weights, record)
        models = []
        for k, member in enumerate(record.members):
            if isinstance(member.kind, MixtureKind):
                raise ValueError("a mixture within a mixture")
            begin = _prefix(k)
            own = {name[len(begin) :]: array for name, array in tensors.items() if name.startswith(begin)}
            models.append(member.kind.load(member.config, vocab_size, own))
        return Mixture(record.members, models, weights, record.rule)

    def learn(self, model: Mixture, examples: Examples, trainer: Learner | None) -> Iterator[Any]:
        """Raise ConfigError: the members have learnt already."""
        raise ConfigError("the members of a mixture have learnt already")

    def facts(self, config: ModelConfig, model: Mixture) -> list[tuple[str, str]]:
        """Return each member with its weight and its file, and the rule."""
        members = [
            (f"member {k}", f"{part.description}, weight {part.weight:.3f}{_origin(part.member)}")
            for k, part in enumerate(model.parts, start=1)
        ]
        return [*members, ("rule", model.rule)]

    def members(self, config: ModelConfig, model: Mixture) -> list[tuple[ModelConfig, LanguageModel]]:
        """Return the members with their settings."""
        return [(part.member.config, part.model) for part in model.parts]


def _check_weights(weights: Any, record: _Record) -> None:
    """Raise ValueError unless these can be the weights of the members of `record`."""
    if weights.dtype != np.float64 or weights.shape != (len(record.members),):
        raise ValueError(f"the weights are {weights.dtype} {weights.shape}")
    if not (np.isfinite(weights).all() and (weights >= 0).all() and (weights <= MAX_WEIGHT).all()):
        raise ValueError("a weight is negative, too large, or no number")
    if record.rule == "linear" and not math.isclose(weights.sum(), 1, abs_tol=1e-9):
        raise ValueError("the weights of a linear mixture do not sum to one")


def _together(states: Sequence[State]) -> State:
    """Return one state with the arrays of all members."""
    each = enumerate(states)
    return State({f"{_prefix(k)}{name}": array for k, one in each for name, array in one.arrays.items()})


def _apart(state: State, num_members: int) -> list[State]:
    """Return the state of each member; its arrays are those of `state`."""
    found: list[dict[str, Any]] = [{} for _ in range(num_members)]
    for key, array in state.arrays.items():
        _, number, name = key.split(".", 2)
        found[int(number)][name] = array
    return [State(arrays) for arrays in found]


def _prefix(k: int) -> str:
    return f"members.{k}."


def _origin(member: MemberRecord) -> str:
    return f", from {member.source} (SHA-256 {member.sha256[:12]})" if member.source else ""
