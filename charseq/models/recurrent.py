"""The kind of model that is a recurrent network, trained by gradient steps."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from charseq.arrays import FloatArray
from charseq.config import ModelConfig, OptimConfig, TrainConfig
from charseq.models.kind import Learner, ModelKind, check_tensors, fill_
from charseq.network import CharModel, parameter_shapes
from charseq.text.batches import Examples


class RecurrentKind(ModelKind):
    """Networks of RNN, LSTM or GRU layers; see `network/`."""

    name = "recurrent"
    settings: ClassVar[Mapping[str, frozenset[str]]] = {
        "model": frozenset(
            {"cell", "size", "hidden_size", "num_layers", "embedding_size", "dropout", "rms_norm"}
        ),
        "optim": frozenset(OptimConfig.model_fields),
        "train": frozenset(TrainConfig.model_fields),
    }
    shape_settings = ("cell", "hidden_size", "num_layers", "embedding_size", "rms_norm")
    is_trained = True
    can_be_continued = True
    has_states = True

    def describe(self, config: ModelConfig) -> str:
        """Return the cell and the sizes: "gru 1 x 256"."""
        return f"{config.cell} {config.num_layers} x {config.hidden_size}"

    def stem(self, config: ModelConfig) -> str:
        """Return the cell's name."""
        return config.cell

    def build(self, config: ModelConfig, vocab_size: int, rng: np.random.Generator) -> CharModel:
        """Return a network with new parameters, drawn from `rng`."""
        model = CharModel(config, vocab_size)
        model.initialise_(rng)
        return model

    def load(self, config: ModelConfig, vocab_size: int, tensors: Mapping[str, Any]) -> CharModel:
        """Return a network with the parameters in `tensors`.

        The shapes are checked before memory is allocated. Raises ValueError if the tensors cannot be these.
        """
        check_tensors(tensors, parameter_shapes(config, vocab_size))
        model = CharModel(config, vocab_size)
        fill_(model.params, tensors)
        return model

    def learn(self, model: CharModel, examples: Examples, trainer: Learner | None) -> Iterator[Any]:
        """Run the `trainer`. Raises ValueError if there is none."""
        if trainer is None:
            raise ValueError("a network needs a trainer")
        return trainer.run()

    def facts(self, config: ModelConfig, model: CharModel) -> list[tuple[str, str]]:
        """Return the cell with its sizes, and the number of parameters."""
        embedding = f"embedding of {config.embedding_size}" if config.embedding_size else "one-hot"
        normalised = ", W h(t-1) normalised" if config.rms_norm else ""
        layers = "1 layer" if config.num_layers == 1 else f"{config.num_layers} layers"
        cell = f"{config.cell}, {layers} of {config.hidden_size}, {embedding}{normalised}"
        return [("cell", cell), ("parameters", f"{model.num_parameters:,}")]

    def embedding(self, config: ModelConfig, model: CharModel) -> FloatArray:
        """Return E, or where tokens are one-hot the first layer's U."""
        return model.params["embedding.E" if config.embedding_size else "layers.0.U"]

    def adopt_(self, model: CharModel, other: CharModel, mine: list[int], theirs: list[int]) -> None:
        """Copy the parameters of `other`, which may have another vocabulary."""
        model.adopt_(other, mine, theirs)

    def num_parameters(self, config: ModelConfig, vocab_size: int) -> int:
        """Return the number of numbers in all parameters together."""
        return sum(map(math.prod, parameter_shapes(config, vocab_size).values()))
