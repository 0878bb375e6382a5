"""The contract of a kind of model, which builds, trains, loads and describes models."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Protocol

import numpy as np

from charseq.arrays import FloatArray
from charseq.config import ModelConfig
from charseq.models.contract import LanguageModel
from charseq.network.parameters import Parameters
from charseq.text.batches import Examples


class Learner(Protocol):
    """A trainer: it changes the parameters of a model step by step, and yields events."""

    def run(self) -> Iterator[Any]:
        """Train until a limit is reached, and yield an event for everything that happens."""


class ModelKind(ABC):
    """A kind of model, an entry of MODELS."""

    name: ClassVar[str]
    """The kind's name in settings and files."""
    settings: ClassVar[Mapping[str, frozenset[str]]] = {}
    """The settings that this kind uses, of the sections model, optim and train; others are refused."""
    shape_settings: ClassVar[tuple[str, ...]] = ()
    """Those of the section model that decide which parameters there are, and what they mean."""
    is_trained: ClassVar[bool] = False
    """True if it learns by gradient steps, in runs that can be interrupted; `build` and `load` then return a
    `TrainableModel`."""
    can_be_continued: ClassVar[bool] = False
    """True if a new run can start from the parameters of such a model, which `adopt_` copies."""
    parameters_name: ClassVar[str] = "parameters"
    """The word for the numbers that a model of this kind learns."""
    has_states: ClassVar[bool] = False
    """True if its models are networks of `network/` (CharModel), with states and gates to inspect."""

    @abstractmethod
    def describe(self, config: ModelConfig) -> str:
        """Return a description of a model of this kind in a few words: "gru 1 x 256"."""

    def describe_model(self, config: ModelConfig, model: Any) -> str:
        """Return a description of this `model`: that of `describe`, unless settings do not say it all."""
        return self.describe(config)

    @abstractmethod
    def stem(self, config: ModelConfig) -> str:
        """Return the word for such a model in the name of a run directory: "gru"."""

    @abstractmethod
    def build(self, config: ModelConfig, vocab_size: int, rng: np.random.Generator) -> LanguageModel:
        """Return a new model, which has learnt nothing yet."""

    @abstractmethod
    def load(self, config: ModelConfig, vocab_size: int, tensors: Mapping[str, Any]) -> LanguageModel:
        """Return a model made of the `tensors` of a file. Raises ValueError if they cannot be its tensors."""

    @abstractmethod
    def learn(self, model: Any, examples: Examples, trainer: Learner | None) -> Iterator[Any]:
        """Learn from `examples` and yield events; a kind with `is_trained` needs a `trainer`."""

    @abstractmethod
    def facts(self, config: ModelConfig, model: Any) -> list[tuple[str, str]]:
        """Return the facts that `charseq info` shows for a model, as pairs of a name and a value."""

    def members(self, config: ModelConfig, model: Any) -> list[tuple[ModelConfig, Any]]:
        """Return the models that `model` is made of, each with its settings; most are made of themselves."""
        return [(config, model)]

    def embedding(self, config: ModelConfig, model: Any) -> FloatArray | None:
        """Return the vectors (D, V) by which a model reads its tokens, None if it has none."""
        return None

    def order_used(self, reader: Any) -> int | None:
        """Return the length of the n-grams behind a `reader`'s last prediction, None if there are none."""
        return None

    def adopt_(self, model: Any, other: Any, mine: list[int], theirs: list[int]) -> None:
        """Copy to `model` the parameters of `other`, of the same shapes but for the number of tokens.

        The k-th of its tokens `theirs` is the k-th of the tokens `mine`; parameters that belong to any other
        token stay as they are. Called only if `can_be_continued`.
        """
        raise NotImplementedError

    def num_parameters(self, config: ModelConfig, vocab_size: int) -> int:
        """Return the number of parameters that training would hold in memory; 0 without training."""
        return 0


def check_tensors(tensors: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise ValueError unless `tensors` has finite parameters of these shapes; nothing is allocated."""
    for name, shape in shapes.items():
        if name not in tensors:
            raise ValueError(f"tensor {name} is missing")
        tensor = tensors[name]
        if tensor.dtype != np.float32 or tensor.shape != shape:
            raise ValueError(f"tensor {name} is {tensor.dtype} {tensor.shape}, not float32 {shape}")
        if not np.isfinite(tensor).all():
            raise ValueError(f"tensor {name} holds nan or infinity")


def fill_(params: Parameters, tensors: Mapping[str, Any]) -> None:
    """Copy `tensors` to the parameters. Raises ValueError if they are too large to compute with."""
    for name, array in params.items():
        array[...] = tensors[name]
    with np.errstate(over="ignore"):
        square = np.dot(params.flat, params.flat)
    if not np.isfinite(square):  # training never makes such weights; smaller ones overflow in no product
        raise ValueError("its weights are too large to compute with")
