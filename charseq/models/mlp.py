"""A network without recurrence: it predicts from a fixed window, the last K characters, and no others.

    h(t) = tanh(U_0 E x(t) + U_1 E x(t-1) + ... + U_(K-1) E x(t-K+1) + b)        y(t) = softmax(V h(t) + c)

x is one-hot, so E x(t) is the embedding of a character, the same E at all K places. Where a text has not yet
K characters, x is zero. With an embedding size of 0 there is no E, and U_k x is a column of U_k.

Source: Bengio, Ducharme, Vincent and Jauvin 2003, "A neural probabilistic language model", without its direct
connections from the inputs to the outputs. With K = 1 it is a Markov model.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from charseq.arrays import BoolArray, FloatArray, IndexArray, TokenArray, shared_zeros, zeros
from charseq.config import BackendName, ModelConfig, OptimConfig, TrainConfig
from charseq.models.kind import Learner, ModelKind, check_tensors, fill_
from charseq.models.mlp_readers import MLPReader, MLPReaders
from charseq.network import State
from charseq.network.parameters import Gradient, Parameters
from charseq.network.projection import Projection
from charseq.text.batches import Examples

PAST = "window.past"
"""The state: the last K - 1 tokens of each stream, each plus 1, the newest first, and 0 for nothing."""


class Workspace:
    """The arrays of a window of up to T steps and N streams.

    `contexts` (T, N, K) has the tokens that each prediction depends on, each plus 1, the newest first.
    """

    def __init__(self, num_steps: int, batch_size: int, config: ModelConfig, dtype: np.dtype) -> None:
        self.contexts = np.zeros((num_steps, batch_size, config.order), np.int64)
        self.h = np.zeros((config.hidden_size, 0), dtype)
        self._dh = zeros((config.hidden_size * num_steps * batch_size,), dtype)

    @property
    def dh(self) -> FloatArray:
        """Memory for the gradient of the hidden states that were computed last, (H, T*N)."""
        return self._dh[: self.h.size].reshape(self.h.shape)


class MLP:
    """The network; its parameters are zero at first."""

    draws = False

    def __init__(self, config: ModelConfig, vocab_size: int, dtype: np.dtype | type = np.float32) -> None:
        self.config, self.vocab_size = config, vocab_size
        self.projection = Projection(hidden_size=config.hidden_size, vocab_size=vocab_size)
        self.params = Parameters(mlp_shapes(config, vocab_size), dtype)
        self.is_compiled = False

    def __repr__(self) -> str:
        sizes = f"{self.config.order} characters, {self.config.hidden_size} units"
        return f"<MLP: {sizes}, vocabulary of {self.vocab_size}, {self.num_parameters:,} parameters>"

    @property
    def num_parameters(self) -> int:
        """The number of learnt numbers in all parameters."""
        return self.params.flat.size

    @property
    def context(self) -> int:
        """The number of tokens before a token that its successor depends on."""
        return self.config.order - 1

    def tensors(self) -> dict[str, FloatArray]:
        """Return the parameters by name."""
        return dict(self.params.items())

    def use_backend_(self, backend: BackendName) -> None:
        """Do nothing: matrix products are all that it computes."""

    def initialise_(self, rng: np.random.Generator) -> None:
        """Draw new parameters at random, in place; weights as in Glorot and Bengio 2010."""
        U = self.params["window.U"]
        num_places, hidden_size, input_size = U.shape
        bound = (6 / (num_places * (input_size if self.config.embedding_size else 1) + hidden_size)) ** 0.5
        U[...] = rng.uniform(-bound, bound, U.shape)
        if self.config.embedding_size:
            E = self.params["embedding.E"]
            E[...] = rng.standard_normal(E.shape)
        self.projection.initialise_(self.params, rng)

    def initial_state(self, batch_size: int) -> State:
        """Return the state of `batch_size` streams that have read nothing."""
        return State({PAST: shared_zeros((batch_size, self.config.order - 1), np.float32)})

    def workspace(
        self,
        num_steps: int,
        batch_size: int,
        *,
        resets: bool = False,
        backward: bool = True,
        logits: bool = True,
    ) -> Workspace:
        """Allocate the arrays for windows of up to `num_steps` steps and `batch_size` streams."""
        return Workspace(num_steps, batch_size, self.config, self.params.flat.dtype)

    def forward(
        self, tokens: TokenArray, state: State, work: Workspace, *, resets: BoolArray | None = None
    ) -> FloatArray:
        """Return the logits (T, N, V) of the token after each of `tokens` (T, N); advance `state`."""
        logits = np.empty((*tokens.shape, self.vocab_size), self.params.flat.dtype)
        h = self.hidden(tokens, state, work, resets=resets)
        return self.projection.forward(h, self.params, out=logits)

    def hidden(
        self,
        tokens: TokenArray,
        state: State,
        work: Workspace,
        *,
        resets: BoolArray | None = None,
        dropout_rng: np.random.Generator | None = None,
    ) -> FloatArray:
        """Return the hidden states (H, T*N) after each of `tokens` (T, N); advance `state` in place."""
        past, contexts = state.arrays[PAST], work.contexts[: len(tokens)]
        for t, step in enumerate(tokens):
            if resets is not None:
                past[resets[t]] = 0
            contexts[t, :, 0] = step + 1
            contexts[t, :, 1:] = past
            past[...] = contexts[t, :, :-1]
        places = contexts.reshape(-1, self.config.order)
        a = sum(table[:, places[:, k]] for k, table in enumerate(self._tables()))
        work.h = np.tanh(a + self.params["window.b"][:, None])
        return work.h

    def recall(self, work: Workspace, steps: IndexArray, streams: IndexArray) -> State:
        """Return the state of M streams: that of each of `streams` (M,) after its step of `steps` (M,)."""
        return State({PAST: work.contexts[steps, streams, :-1].astype(np.float32)})

    def backward(self, dh: FloatArray, work: Workspace, grads: Gradient) -> None:
        """Write the gradient of every parameter but the projection's to `grads`, overwriting what it held."""
        if not (grads.learns("window.") or grads.learns("embedding.")):
            return
        da = dh * (1 - work.h**2)
        np.sum(da, axis=1, out=grads["window.b"])
        places = work.contexts.reshape(-1, self.config.order)[: da.shape[1]]
        for k, dU in enumerate(grads["window.U"]):
            one_hot = places[:, k, None] == np.arange(1, self.vocab_size + 1)
            dtable = da @ one_hot.astype(da.dtype)  # the sum of da over all places of each character, (H, V)
            if not self.config.embedding_size:
                dU[...] = dtable
                continue
            E, dE = self.params["embedding.E"], grads["embedding.E"]
            dU[...] = dtable @ E.T
            through_U = self.params["window.U"][k].T @ dtable
            dE[...] = through_U if k == 0 else dE + through_U

    def reader(self) -> MLPReader:
        """Return a reader of single characters, with the tables of the parameters as they are now."""
        return MLPReader(list(self._tables()), self.params)

    def many(self, num_texts: int) -> MLPReaders:
        """Return a reader of `num_texts` texts at once, with a copy of the parameters as they are now."""
        return MLPReaders(list(self._tables()), self.params, num_texts)

    def _tables(self) -> Iterator[FloatArray]:
        """Yield U_k E (H, V + 1) for each k; the first column, of nothing, is zero."""
        for U in self.params["window.U"]:
            table = U @ self.params["embedding.E"] if self.config.embedding_size else U
            yield np.concatenate([np.zeros_like(table[:, :1]), table], axis=1)


class MLPKind(ModelKind):
    """Networks on a window of `model.order` characters, trained by gradient steps."""

    name = "mlp"
    settings: ClassVar[Mapping[str, frozenset[str]]] = {
        "model": frozenset({"order", "hidden_size", "embedding_size"}),
        "optim": frozenset(OptimConfig.model_fields),
        "train": frozenset(TrainConfig.model_fields),
    }
    shape_settings = ("order", "hidden_size", "embedding_size")
    is_trained = True
    can_be_continued = True

    def describe(self, config: ModelConfig) -> str:
        """Return the kind, the window and the size: "mlp:8 x 256"."""
        return f"mlp:{config.order} x {config.hidden_size}"

    def stem(self, config: ModelConfig) -> str:
        """Return the name of the kind."""
        return self.name

    def build(self, config: ModelConfig, vocab_size: int, rng: np.random.Generator) -> MLP:
        """Return a network with new parameters, drawn from `rng`."""
        model = MLP(config, vocab_size)
        model.initialise_(rng)
        return model

    def load(self, config: ModelConfig, vocab_size: int, tensors: Mapping[str, Any]) -> MLP:
        """Return a network with the parameters in `tensors`."""
        check_tensors(tensors, mlp_shapes(config, vocab_size))
        model = MLP(config, vocab_size)
        fill_(model.params, tensors)
        return model

    def learn(self, model: MLP, examples: Examples, trainer: Learner | None) -> Iterator[Any]:
        """Run the `trainer`. Raises ValueError if there is none."""
        if trainer is None:
            raise ValueError("a network needs a trainer")
        return trainer.run()

    def facts(self, config: ModelConfig, model: MLP) -> list[tuple[str, str]]:
        """Return the window with the sizes, and the number of parameters."""
        embedding = f"embedding of {config.embedding_size}" if config.embedding_size else "one-hot"
        window = f"the last {config.order} character(s), {config.hidden_size} units, {embedding}"
        return [("window", window), ("parameters", f"{model.num_parameters:,}")]

    def embedding(self, config: ModelConfig, model: MLP) -> FloatArray:
        """Return E, or where tokens are one-hot the U of all places below each other."""
        if config.embedding_size:
            return model.params["embedding.E"]
        return model.params["window.U"].reshape(-1, model.vocab_size)

    def adopt_(self, model: MLP, other: MLP, mine: list[int], theirs: list[int]) -> None:
        """Copy the parameters of `other`, which may have another vocabulary."""
        inputs = "embedding.E" if model.config.embedding_size else "window.U"
        for name, array in model.params.items():
            there = other.params[name]
            if name == inputs:
                array[..., mine] = there[..., theirs]
            elif name.startswith("projection."):
                array[mine] = there[theirs]
            else:
                array[...] = there

    def num_parameters(self, config: ModelConfig, vocab_size: int) -> int:
        """Return the number of numbers in all parameters together."""
        return sum(map(math.prod, mlp_shapes(config, vocab_size).values()))


def mlp_shapes(config: ModelConfig, vocab_size: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter by name."""
    H, D = config.hidden_size, config.embedding_size
    shapes: dict[str, tuple[int, ...]] = {"embedding.E": (D, vocab_size)} if D else {}
    shapes |= {"window.U": (config.order, H, D or vocab_size), "window.b": (H,)}
    return shapes | Projection(hidden_size=H, vocab_size=vocab_size).shapes
