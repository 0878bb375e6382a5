"""A toy kind of model in one file: counts of tokens, and a bonus for the one that was just read.

    p(next = v | last = w) = (1 - BONUS) (count(v) + 1) / (total + V) + BONUS [v = w]

It is counted, not trained, and its state is the last token of each stream.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charseq.config import ModelConfig
from charseq.models.kind import Learner, ModelKind
from charseq.network import State
from charseq.text.batches import Examples

BONUS = 0.125
Array = NDArray[Any]


class Recency:
    """The model."""

    def __init__(self, counts: Array) -> None:
        self.counts, self.vocab_size = counts, len(counts)

    @property
    def num_parameters(self) -> int:
        return self.vocab_size

    def tensors(self) -> dict[str, Array]:
        return {"recency.counts": self.counts}

    def initial_state(self, batch_size: int) -> State:
        return State({"recency.last": np.full(batch_size, -1, np.int32)})

    def workspace(
        self, num_steps: int, batch_size: int, *, resets: bool = False, backward: bool = True
    ) -> list[Array]:
        return []

    def forward(
        self, tokens: Array, state: State, work: list[Array], *, resets: Array | None = None
    ) -> Array:
        work[:] = [tokens]
        state.arrays["recency.last"][...] = tokens[-1]
        return np.log(self.distribution(tokens))

    def recall(self, work: list[Array], steps: Array, streams: Array) -> State:
        return State({"recency.last": work[0][steps, streams]})

    def distribution(self, tokens: Array) -> Array:
        """Return p (..., V) of the token after each of `tokens` (...)."""
        share = (self.counts + 1) / (self.counts.sum() + self.vocab_size)
        bonus = np.eye(self.vocab_size + 1)[tokens][..., : self.vocab_size]  # -1 finds a row without a 1
        seen = (tokens >= 0)[..., None]
        p: Array = np.where(seen, (1 - BONUS) * share + BONUS * bonus, share)
        return p

    def reader(self) -> "RecencyReader":
        return RecencyReader(self)


class RecencyReader:
    """Reads one stream: nothing before the last token matters."""

    def __init__(self, model: Recency) -> None:
        self._model = model

    def reset_(self) -> None:
        pass

    def read(self, token: int) -> Array:
        return np.log(self._model.distribution(np.array(token)))

    def save(self) -> None:
        return None

    def restore_(self, saved: None) -> None:
        pass


class RecencyKind(ModelKind):
    """The kind: counted in one pass."""

    name = "recency"
    parameters_name = "counts"

    def describe(self, config: ModelConfig) -> str:
        return "recency"

    def stem(self, config: ModelConfig) -> str:
        return "recency"

    def build(self, config: ModelConfig, vocab_size: int, rng: np.random.Generator) -> Recency:
        return Recency(np.zeros(vocab_size, np.int64))

    def load(self, config: ModelConfig, vocab_size: int, tensors: Mapping[str, Any]) -> Recency:
        counts = tensors["recency.counts"]
        if counts.shape != (vocab_size,):
            raise ValueError(f"{len(counts)} counts for {vocab_size} tokens")
        return Recency(counts)

    def learn(self, model: Recency, examples: Examples, trainer: Learner | None) -> Iterator[Any]:
        targets = examples.window(np.arange(len(examples))).targets
        model.counts += np.bincount(targets[targets >= 0], minlength=model.vocab_size)
        return iter(())

    def facts(self, config: ModelConfig, model: Recency) -> list[tuple[str, str]]:
        return [("counts", f"{model.counts.sum():,}")]
