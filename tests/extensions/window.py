"""A toy kind of model in one file that is trained: it predicts from the last `model.order` tokens alone.

    h(t) = tanh(sum of U_k x(t - k) for k = 0 to order - 1, plus b);  y(t) = softmax(V h(t) + c)

It is no recurrent network: its state is the tokens that it has read, and there is nothing to inspect.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charseq.arrays import shared_zeros
from charseq.config import BackendName, ModelConfig, OptimConfig, TrainConfig
from charseq.models.kind import Learner, ModelKind
from charseq.network import State
from charseq.network.parameters import Parameters
from charseq.network.projection import Projection
from charseq.text.batches import Examples

Array = NDArray[Any]


class Work:
    """The arrays of a window; `contexts` (T, N, order) has token + 1, the newest first, 0 for nothing."""

    def __init__(self, num_steps: int, batch_size: int, order: int, hidden_size: int, dtype: Any) -> None:
        self.contexts = np.zeros((num_steps, batch_size, order), np.int64)
        self.num_steps = 0
        self.h = np.zeros((hidden_size, 0), dtype)
        self._dh = np.zeros(hidden_size * num_steps * batch_size, dtype)

    @property
    def dh(self) -> Array:
        return self._dh[: self.h.size].reshape(self.h.shape)


class WindowModel:
    """The model; its parameters are zero at first."""

    draws = is_compiled = False

    def __init__(self, config: ModelConfig, vocab_size: int, dtype: Any = np.float32) -> None:
        self.config, self.vocab_size = config, vocab_size
        self.projection = Projection(hidden_size=config.hidden_size, vocab_size=vocab_size)
        self.params = Parameters(shapes_of(config, vocab_size), dtype)

    @property
    def num_parameters(self) -> int:
        return self.params.flat.size

    def tensors(self) -> dict[str, Array]:
        return dict(self.params.items())

    def use_backend_(self, backend: BackendName) -> None:
        pass

    def initial_state(self, batch_size: int) -> State:
        shape = (batch_size, self.config.order - 1)
        return State({"window.past": shared_zeros(shape, np.float32)})

    def workspace(
        self,
        num_steps: int,
        batch_size: int,
        *,
        resets: bool = False,
        backward: bool = True,
        logits: bool = True,
    ) -> Work:
        config = self.config
        return Work(num_steps, batch_size, config.order, config.hidden_size, self.params.flat.dtype)

    def hidden(
        self,
        tokens: Array,
        state: State,
        work: Work,
        *,
        resets: Array | None = None,
        dropout_rng: np.random.Generator | None = None,
    ) -> Array:
        past, work.num_steps = state.arrays["window.past"], len(tokens)
        for t, step in enumerate(tokens):
            if resets is not None:
                past[resets[t]] = 0
            work.contexts[t, :, 0] = step + 1
            work.contexts[t, :, 1:] = past
            past[...] = work.contexts[t, :, :-1]
        U = np.insert(self.params["window.U"], 0, 0, axis=2)  # nothing, number 0, has a vector of zeros
        places = work.contexts[: len(tokens)].reshape(-1, self.config.order)
        a = sum(U[k][:, places[:, k]] for k in range(self.config.order))
        work.h = np.tanh(a + self.params["window.b"][:, None])
        return work.h

    def forward(self, tokens: Array, state: State, work: Work, *, resets: Array | None = None) -> Array:
        logits = np.empty((*tokens.shape, self.vocab_size), self.params.flat.dtype)
        return self.projection.forward(
            self.hidden(tokens, state, work, resets=resets), self.params, out=logits
        )

    def recall(self, work: Work, steps: Array, streams: Array) -> State:
        return State({"window.past": work.contexts[steps, streams, :-1].astype(np.float32)})

    def backward(self, dh: Array, work: Work, grads: Parameters) -> None:
        da = dh * (1 - work.h**2)
        grads["window.b"][...] = da.sum(axis=1)
        places = work.contexts[: work.num_steps].reshape(-1, self.config.order)
        for k in range(self.config.order):
            one_hot = places[:, k, None] == np.arange(1, self.vocab_size + 1)
            grads["window.U"][k] = da @ one_hot.astype(da.dtype)

    def reader(self) -> "WindowReader":
        return WindowReader(self)


class WindowReader:
    """Reads one stream, one token at a time."""

    def __init__(self, model: WindowModel) -> None:
        self._model, self._work = model, model.workspace(1, 1)
        self.reset_()

    def reset_(self) -> None:
        self._state = self._model.initial_state(1)

    def read(self, token: int) -> Array:
        logits: Array = self._model.forward(np.array([[token]], np.int32), self._state, self._work)[0, 0]
        return logits

    def save(self) -> Array:
        return self._state.arrays["window.past"].copy()

    def restore_(self, saved: Array) -> None:
        self._state.arrays["window.past"][...] = saved


class WindowKind(ModelKind):
    """The kind: trained by gradient steps, without states to look into."""

    name = "window"
    settings = {  # noqa: RUF012
        "model": frozenset({"order", "hidden_size"}),
        "optim": frozenset(OptimConfig.model_fields),
        "train": frozenset(TrainConfig.model_fields),
    }
    shape_settings = ("order", "hidden_size")
    is_trained = True
    can_be_continued = True

    def describe(self, config: ModelConfig) -> str:
        return f"window {config.order} x {config.hidden_size}"

    def stem(self, config: ModelConfig) -> str:
        return "window"

    def build(self, config: ModelConfig, vocab_size: int, rng: np.random.Generator) -> WindowModel:
        model = WindowModel(config, vocab_size)
        U = model.params["window.U"]
        U[...] = rng.normal(0, 0.5, U.shape)
        model.projection.initialise_(model.params, rng)
        return model

    def load(self, config: ModelConfig, vocab_size: int, tensors: Mapping[str, Any]) -> WindowModel:
        model = WindowModel(config, vocab_size)
        for name, array in model.params.items():
            if tensors[name].shape != array.shape:
                raise ValueError(f"tensor {name} is {tensors[name].shape}, not {array.shape}")
            array[...] = tensors[name]
        return model

    def learn(self, model: WindowModel, examples: Examples, trainer: Learner | None) -> Iterator[Any]:
        assert trainer is not None
        return trainer.run()

    def facts(self, config: ModelConfig, model: WindowModel) -> list[tuple[str, str]]:
        return [("window", f"{config.order} tokens"), ("parameters", f"{model.num_parameters:,}")]

    def adopt_(self, model: WindowModel, other: WindowModel, mine: list[int], theirs: list[int]) -> None:
        model.params["window.b"][...] = other.params["window.b"]
        model.params["window.U"][:, :, mine] = other.params["window.U"][:, :, theirs]
        for name in ("projection.V", "projection.c"):
            model.params[name][mine] = other.params[name][theirs]

    def num_parameters(self, config: ModelConfig, vocab_size: int) -> int:
        return sum(map(math.prod, shapes_of(config, vocab_size).values()))


def shapes_of(config: ModelConfig, vocab_size: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter by name."""
    H = config.hidden_size
    shapes: dict[str, tuple[int, ...]] = {"window.U": (config.order, H, vocab_size), "window.b": (H,)}
    return shapes | Projection(hidden_size=H, vocab_size=vocab_size).shapes
