"""A kind of model: how one is built, learnt, loaded and described."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Protocol

import numpy as np

from charseq.config import ModelConfig
from charseq.models.contract import LanguageModel
from charseq.text.batches import Examples


class Learner(Protocol):
    """Trains the parameters of a model step by step, as a generator of events: a trainer."""

    def run(self) -> Iterator[Any]:
        """Train until a limit is reached, yielding what happens."""


class ModelKind(ABC):
    """One entry of MODELS."""

    name: ClassVar[str]
    """The kind's name in settings and files."""
    settings: ClassVar[Mapping[str, frozenset[str]]] = {}
    """The settings that it heeds, by section; others are refused on a command line."""
    is_trained: ClassVar[bool] = False
    """Whether it learns by gradient steps, in runs that can be interrupted and resumed."""
    parameters_name: ClassVar[str] = "parameters"
    """The word for the numbers that a model of this kind has learnt."""
    has_states: ClassVar[bool] = False
    """Whether it has parameters, hidden states and gates to look at, and to start another model from."""

    @abstractmethod
    def describe(self, config: ModelConfig) -> str:
        """Return what a model of this kind is, in a few words: "gru 1 x 256"."""

    @abstractmethod
    def stem(self, config: ModelConfig) -> str:
        """Return the word for it in the name of a run directory: "gru"."""

    @abstractmethod
    def build(self, config: ModelConfig, vocab_size: int, rng: np.random.Generator) -> LanguageModel:
        """Return a model that has learnt nothing yet."""

    @abstractmethod
    def load(self, config: ModelConfig, vocab_size: int, tensors: Mapping[str, Any]) -> LanguageModel:
        """Rebuild a model from the `tensors` of a file. Raises ValueError for what cannot be its tensors."""

    @abstractmethod
    def learn(self, model: Any, examples: Examples, trainer: Learner | None) -> Iterator[Any]:
        """Learn the text of `examples`, yielding events; a kind that `is_trained` is handed its `trainer`."""

    @abstractmethod
    def facts(self, config: ModelConfig, model: Any) -> list[tuple[str, str]]:
        """Return what `charseq info` says of a model, as pairs of a name and a value."""

    def num_parameters(self, config: ModelConfig, vocab_size: int) -> int:
        """Return how many parameters training would hold in memory, before any is made; 0 if none."""
        return 0
