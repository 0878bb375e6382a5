"""The contract of a language model, for networks and counts: it reads windows of streams, or single tokens.

A state holds the past of the streams, a workspace the arrays for a window. Each model has its own arrays and
workspaces. A model that is trained by gradient steps keeps a second contract, `TrainableModel`.
"""

from typing import Any, Protocol, TypeGuard

import numpy as np

from charseq.arrays import BoolArray, FloatArray, IndexArray, TokenArray
from charseq.config import BackendName
from charseq.network import State
from charseq.network.parameters import Gradient, Parameters
from charseq.network.projection import Projection


class TokenReader(Protocol):
    """Reads one stream, one token at a time."""

    def reset_(self) -> None:
        """Forget all that was read."""

    def read(self, token: int) -> FloatArray:
        """Return the logits (V,) of the token after `token`; the next call may overwrite them."""

    def save(self) -> Any:
        """Return a copy of what has been read, for `restore_`."""

    def restore_(self, saved: Any) -> None:
        """Go back to the state in which `save` was called; reading on gives the same bits as it did there."""


class TextsReader(Protocol):
    """Reads N texts at once, a token of each at a step. The logits of a text do not depend on the others.

    Each text is put at its place before the first step, or none is and all begin from nothing. If only
    some are put, the logits of the others mean nothing.

    The same text at the same place, or at one that is a multiple of `tile_width` further on, has the same
    logits to the last bit, whatever N is.
    """

    def put_(self, place: int, saved: Any) -> None:
        """Let the text at `place` go on from what a `TokenReader` of the same model has saved."""

    def read(self, tokens: TokenArray) -> FloatArray:
        """Return the logits (N, V) of the token after each of `tokens` (N,), until the next call."""

    def save(self) -> Any:
        """Return a copy of what all texts have read, for `spread_`."""

    def spread_(self, saved: Any, places: IndexArray) -> None:
        """Let text k go on from what the text at places[k], (N,), had read when `save` was called."""


class LanguageModel(Protocol):
    """A model that reads tokens and returns logits; their softmax is the distribution of the next token."""

    vocab_size: int

    @property
    def num_parameters(self) -> int:
        """The number of learnt numbers."""

    def tensors(self) -> dict[str, Any]:
        """Return by name all that a file must hold, except the settings and the vocabulary."""

    def initial_state(self, batch_size: int) -> Any:
        """Return the state of N streams that have read nothing.

        It is a `State`, arrays with a row for each stream, unless the model can read a single stream only.
        """

    def workspace(
        self, num_steps: int, batch_size: int, *, resets: bool = False, backward: bool = True
    ) -> Any:
        """Return the workspace for windows of up to `num_steps` steps and exactly `batch_size` streams.

        With `resets` the windows may reset states; without `backward` it serves for `forward` only.
        """

    def forward(
        self, tokens: TokenArray, state: Any, work: Any, *, resets: BoolArray | None = None
    ) -> FloatArray:
        """Return the logits (T, N, V) of the token after each of `tokens` (T, N); advance `state` in place.

        `resets` (T, N) is true where a stream is reset before the token. The next window may overwrite the
        logits.
        """

    def recall(self, work: Any, steps: IndexArray, streams: IndexArray) -> State:
        """Return the state of M streams: that of each of `streams` (M,) after its step of `steps` (M,).

        The steps are those of the window that `forward` read last with the workspace `work`.
        """

    def reader(self) -> TokenReader:
        """Return a reader that has read nothing, of the model as it is now."""


class Readout(Protocol):
    """The distributions at the T*N places of a window that was read; each is computed when it is asked for.

    Threads may ask for different places at the same time.
    """

    def log_p(self, places: slice) -> FloatArray:
        """Return log p (M, V) of the next token at some of the places."""

    def log_p_of(self, places: slice, tokens: TokenArray) -> FloatArray:
        """Return log p (M,) of one token at each of some places: the same bits, without the distributions."""


class ReadoutModel(LanguageModel, Protocol):
    """A language model that reads at no cost beside that of its distributions: n-grams.

    A single stream may be read in windows of any length, and where it is cut does not change a bit.
    """

    def readout(
        self, tokens: TokenArray, state: Any, work: Any, *, resets: BoolArray | None = None
    ) -> Readout:
        """Read a window as `forward` does, and return its distributions, to be computed when asked for."""


class TrainingWorkspace(Protocol):
    """The workspace for a window of training."""

    @property
    def dh(self) -> FloatArray:
        """Memory for the gradient of the hidden states (H, T*N) that were computed last."""


class TrainableModel(LanguageModel, Protocol):
    """A language model as a trainer needs it: hidden states, a projection of them to logits, parameters.

    The loss calls the projection, and computes its gradient. `params` has all parameters, those of the
    projection among them. `is_compiled` says whether compiled code computes, beside which other threads run.
    """

    params: Parameters
    projection: Projection
    is_compiled: bool

    @property
    def draws(self) -> bool:
        """True if `hidden` draws random numbers in training, as for dropout."""

    def use_backend_(self, backend: BackendName) -> None:
        """Compute with `backend` from now on, if the model has a choice."""

    def initial_state(self, batch_size: int) -> State:
        """Return the state of N streams that have read nothing: arrays of zeros (N, ...) by name.

        Their memory is shared with forked worker processes, as that of `charseq.arrays.shared_zeros` is.
        """

    def workspace(
        self,
        num_steps: int,
        batch_size: int,
        *,
        resets: bool = False,
        backward: bool = True,
        logits: bool = True,
    ) -> Any:
        """Return the workspace for a window; without `logits` it serves for `hidden` and `backward` only."""

    def hidden(
        self,
        tokens: TokenArray,
        state: State,
        work: Any,
        *,
        resets: BoolArray | None = None,
        dropout_rng: np.random.Generator | None = None,
    ) -> FloatArray:
        """Return the hidden states (H, T*N) after each of `tokens` (T, N); advance `state` in place.

        Step t of stream n is the column t*N + n. `resets` is as in `forward`.
        """

    def backward(self, dh: FloatArray, work: Any, grads: Gradient) -> None:
        """Write the gradient of every parameter but the projection's to `grads`, overwriting what it held.

        Parameters that are not in `grads` are frozen: they may be left out, which saves time.
        `dh` (H, T*N) is the gradient of the hidden states that `hidden` computed last, and may be changed.
        """


def has_hidden(model: LanguageModel) -> TypeGuard[TrainableModel]:
    """Return whether a model keeps the contract of a trainable one: it has hidden states and a projection."""
    return hasattr(model, "hidden") and hasattr(model, "projection")


def has_readout(model: LanguageModel) -> TypeGuard[ReadoutModel]:
    """Return whether the distributions of a model are computed only where they are asked for."""
    return hasattr(model, "readout")
