"""The whole network: embedding, recurrent layers and projection, with its state and its workspace.

There are three lifetimes: parameters live for the run, a `State` for a stream of text, a `Workspace` for a
window. Training, evaluation and sampling compute hidden states with the same method. The projection turns
them into logits; in training the loss calls it, and computes its gradient.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from charseq.arrays import BoolArray, FloatArray, IndexArray, TokenArray, shared_zeros, zeros
from charseq.backend import use_numba
from charseq.cells import CELLS
from charseq.config import BackendName, ModelConfig
from charseq.network.dropout import dropout
from charseq.network.embedding import lookup, table_gradient
from charseq.network.layer import LayerWork, Scratch
from charseq.network.long_reader import LongReader, LongReaders
from charseq.network.parameters import Gradient, Parameters
from charseq.network.products import side_by_side
from charseq.network.projection import Projection
from charseq.network.recurrent import RecurrentLayer
from charseq.network.state import State


@dataclass(slots=True)
class Workspace:
    """All arrays for windows of up to T steps and N streams, allocated once."""

    layers: list[LayerWork]
    scratch: Scratch
    x: FloatArray  #        (T, D, N), the embedded tokens; empty if the input is one-hot
    masks: FloatArray  #    (layers, T, H, N), one dropout mask for each layer; empty without dropout
    dropped: FloatArray  #  (layers, T, H, N), each layer's output after dropout
    last: FloatArray  #     T*N*H, the last layer's output side by side
    logits: FloatArray  #   (T, N, V); empty if the loss has its own
    dlast: FloatArray  #    T*N*H, the gradient of `last`
    can_reset: bool
    tokens: TokenArray = field(init=False)
    h: FloatArray = field(init=False)
    with_dropout: bool = False

    @property
    def dh(self) -> FloatArray:
        """Memory for the gradient of the hidden states `h` that were computed last, (H, T*N)."""
        return self.dlast[: self.h.size].reshape(self.h.shape)


class CharModel:
    """A character-level language model: from tokens to the logits of the next token.

    `config` gives the cell and the sizes, `vocab_size` is the number V of tokens. Parameters are zero at
    first: call `initialise_`, or copy trained parameters into `params`.
    """

    def __init__(self, config: ModelConfig, vocab_size: int, dtype: np.dtype | type = np.float32) -> None:
        self.config, self.vocab_size = config, vocab_size
        self.layers, self.projection = _make_parts(config, vocab_size)
        tables = {"embedding.E" if config.embedding_size else "layers.0.U": 1}
        self.params = Parameters(parameter_shapes(config, vocab_size), dtype, tables=tables)
        self.is_compiled = False
        self.reading: BackendName = "auto"
        """The backend of readers that are made from now on; auto lets numba go on where a text is long."""

    def __repr__(self) -> str:
        kind = f"{self.config.cell} {self.config.num_layers} x {self.config.hidden_size}"
        return f"<CharModel: {kind}, vocabulary of {self.vocab_size}, {self.num_parameters:,} parameters>"

    @property
    def num_parameters(self) -> int:
        """The number of learnt numbers in all parameters."""
        return self.params.flat.size

    @property
    def draws(self) -> bool:
        """True if `hidden` draws random numbers in training: the masks of dropout."""
        return self.config.dropout > 0

    def tensors(self) -> dict[str, FloatArray]:
        """Return the parameters by name."""
        return dict(self.params.items())

    def reader(self) -> LongReader:
        """Return a reader of single characters, with a copy of the parameters as they are now."""
        return LongReader(self.params, self.layers, self.reading)

    def many(self, num_texts: int) -> LongReaders:
        """Return a reader of `num_texts` texts at once, with a copy of the parameters as they are now."""
        return LongReaders(self.params, self.layers, num_texts, self.reading)

    def initialise_(self, rng: np.random.Generator) -> None:
        """Draw new parameters at random, in place."""
        self.params.flat.fill(0)
        if self.config.embedding_size:
            E = self.params["embedding.E"]
            E[...] = rng.standard_normal(E.shape)
        for part in self._parts():
            part.initialise_(self.params, rng)

    def use_backend_(self, backend: BackendName) -> None:
        """Compute the cells with `backend` from now on; workspaces made before stay valid."""
        for layer in self.layers:
            layer.use_backend_(backend)
        self.is_compiled = self.projection.is_compiled = use_numba(backend)

    def adopt_(self, other: "CharModel", mine: list[int], theirs: list[int]) -> None:
        """Copy the parameters of `other`, a model of the same sizes that may have another vocabulary.

        The k-th of its tokens `theirs` is the k-th of the tokens `mine`. Parameters that belong to any other
        token stay as they are.
        """
        inputs = "embedding.E" if self.config.embedding_size else "layers.0.U"
        for name, array in self.params.items():
            if name == inputs:
                array[:, mine] = other.params[name][:, theirs]
            elif name.startswith("projection."):
                array[mine] = other.params[name][theirs]
            else:
                array[...] = other.params[name]

    def _parts(self) -> list[RecurrentLayer | Projection]:
        return [*self.layers, self.projection]

    def initial_state(self, batch_size: int) -> State:
        """Return the zero state of `batch_size` streams."""
        shape = (batch_size, self.config.hidden_size)
        return State(
            {
                f"{layer.name}.{state}": shared_zeros(shape, self.params.flat.dtype)
                for layer in self.layers
                for state in layer.cell.state_names
            }
        )

    def workspace(
        self,
        num_steps: int,
        batch_size: int,
        *,
        resets: bool = False,
        backward: bool = True,
        logits: bool = True,
    ) -> Workspace:
        """Allocate the arrays for windows of up to `num_steps` steps and exactly `batch_size` streams.

        With `resets` the windows may reset states. Without `backward` there is no memory for gradients.
        Without `logits` there is none for the result of `forward`: use `hidden` only.
        """
        T, N, H, D = num_steps, batch_size, self.config.hidden_size, self.config.embedding_size
        dtype = self.params.flat.dtype
        num_masks = len(self.layers) if backward and self.config.dropout else 0
        scratch = Scratch(self.layers, T * N if backward else 0, self.vocab_size, dtype)
        return Workspace(
            layers=[
                layer.allocate(T, N, dtype, resets=resets, scratch=scratch, backward=backward)
                for layer in self.layers
            ],
            scratch=scratch,
            x=zeros((T, D, N), dtype),
            masks=np.zeros((num_masks, T, H, N), np.float32),
            dropped=zeros((num_masks, T, H, N), dtype),
            last=zeros((T * N * H,), dtype),
            logits=zeros((T if logits else 0, N, self.vocab_size), dtype),
            dlast=zeros((T * N * H if backward else 0,), dtype),
            can_reset=resets,
        )

    def forward(
        self,
        tokens: TokenArray,
        state: State,
        work: Workspace,
        *,
        resets: BoolArray | None = None,
        dropout_rng: np.random.Generator | None = None,
    ) -> FloatArray:
        """Return the logits (T, N, V) of the token after each of `tokens` (T, N), as a view into `work`.

        The other arguments are those of `hidden`; `state` is advanced in place.
        """
        h = self.hidden(tokens, state, work, resets=resets, dropout_rng=dropout_rng)
        return self.projection.forward(h, self.params, out=work.logits[: len(tokens)])

    def hidden(
        self,
        tokens: TokenArray,
        state: State,
        work: Workspace,
        *,
        resets: BoolArray | None = None,
        dropout_rng: np.random.Generator | None = None,
    ) -> FloatArray:
        """Return the last layer's hidden states after each of `tokens` (T, N), side by side: (H, T*N).

        Step t of stream n is the column t*N + n. The result is a view of an array in `work`. `state` is
        advanced in place past the last token. `resets` (T, N) is true where a stream starts from the zero
        state. Dropout is applied if `dropout_rng` is given. Raises ValueError if `resets` is given and the
        workspace was made without resets.
        """
        if resets is not None and not work.can_reset:
            raise ValueError("this workspace was made without resets")
        if resets is None and work.can_reset:
            resets = np.zeros(tokens.shape, np.bool_)
        num_steps = len(tokens)
        work.tokens, work.with_dropout = tokens, dropout_rng is not None and self.config.dropout > 0
        x: FloatArray | TokenArray = tokens
        if self.config.embedding_size:
            x = work.x[:num_steps]
            lookup(self.params["embedding.E"], tokens, out=x)
        for k, layer in enumerate(self.layers):
            carried = state.layer(layer.name, layer.cell.state_names)
            x = layer.forward(x, self.params, carried, work.layers[k], resets)
            if dropout_rng is not None and work.with_dropout:
                mask, out = work.masks[k, :num_steps], work.dropped[k, :num_steps]
                dropout(x, self.config.dropout, dropout_rng, mask=mask, out=out)
                x = out
        work.h = side_by_side(x, work.last)
        return work.h

    def backward(self, dh: FloatArray, work: Workspace, grads: Gradient) -> None:
        """Write the gradient of every parameter but the projection's to `grads`, overwriting what it held.

        `dh` (H, T*N) is the gradient of the hidden states that `hidden` computed last in `work`. It is
        changed in place; `work.dh` is memory for it. It goes down to the lowest layer that learns.
        """
        num_steps, num_streams = work.tokens.shape
        dx = dh.reshape(-1, num_steps, num_streams).transpose(1, 0, 2)
        learns = [grads.learns("embedding."), *(grads.learns(f"{layer.name}.") for layer in self.layers)]
        for k in reversed(range(len(self.layers))):
            if not any(learns[: k + 2]):
                return
            if work.with_dropout:
                dx *= work.masks[k, :num_steps]
            below = any(learns[: k + 1])
            dx = self.layers[k].backward(dx, self.params, work.layers[k], grads, below=below)
        if learns[0]:
            columns = side_by_side(dx, work.scratch.da)
            table_gradient(columns, work.tokens, work.scratch.one_hot, grads, "embedding.E")

    def recall(self, work: Workspace, steps: IndexArray, streams: IndexArray) -> State:
        """Return the state of M streams: that of each of `streams` (M,) after its step of `steps` (M,)."""
        return State(
            {
                f"{layer.name}.{state}": slots[steps + 1, :, streams]
                for layer, layer_work in zip(self.layers, work.layers, strict=True)
                for state, slots in zip(layer.cell.state_names, layer_work.arrays.states, strict=True)
            }
        )

    def state_gradient(self, work: Workspace) -> State:
        """Return the gradient of the loss by the state before the window, which `backward` left in `work`.

        For a window of k steps with a loss at its last step only, it tells how strongly that loss depends on
        the state k steps earlier.
        """
        return State(
            {
                f"{layer.name}.{state}": gradient.T.copy()
                for layer, layer_work in zip(self.layers, work.layers, strict=True)
                for state, gradient in zip(layer.cell.state_names, layer_work.arrays.dstates, strict=True)
            }
        )


def parameter_shapes(config: ModelConfig, vocab_size: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter by name, without allocating any of them."""
    D = config.embedding_size
    shapes: dict[str, tuple[int, ...]] = {"embedding.E": (D, vocab_size)} if D else {}
    layers, projection = _make_parts(config, vocab_size)
    for layer in layers:
        shapes |= layer.shapes
    return shapes | projection.shapes


def num_product_weights(config: ModelConfig, vocab_size: int) -> int:
    """Return the number of weights in products for each token, without those that are only looked up."""
    looked_up = "embedding.E" if config.embedding_size else "layers.0.U"
    shapes = parameter_shapes(config, vocab_size)
    return sum(math.prod(shape) for name, shape in shapes.items() if len(shape) == 2 and name != looked_up)


def _make_parts(config: ModelConfig, vocab_size: int) -> tuple[list[RecurrentLayer], Projection]:
    cell, D, H = CELLS[config.cell], config.embedding_size, config.hidden_size
    layers = [
        RecurrentLayer(
            cell,
            name=f"layers.{k}",
            input_size=H if k else D or vocab_size,
            hidden_size=H,
            one_hot=k == 0 and D == 0,
            rms_norm=config.rms_norm,
        )
        for k in range(config.num_layers)
    ]
    return layers, Projection(hidden_size=H, vocab_size=vocab_size)
