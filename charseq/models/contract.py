"""The contract of a language model, for networks and counts: it reads windows of streams, or single tokens.

A state holds the past of the streams, a workspace the arrays for a window. Each model has its own types of
them.
"""

from typing import Any, Protocol

from charseq.arrays import BoolArray, FloatArray, TokenArray


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


class LanguageModel(Protocol):
    """A model that reads tokens and returns logits; their softmax is the distribution of the next token."""

    vocab_size: int

    @property
    def num_parameters(self) -> int:
        """The number of learnt numbers."""

    def tensors(self) -> dict[str, Any]:
        """Return by name all that a file must hold, except the settings and the vocabulary."""

    def initial_state(self, batch_size: int) -> Any:
        """Return the state of `batch_size` streams that have read nothing."""

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

    def reader(self) -> TokenReader:
        """Return a reader that has read nothing, of the model as it is now."""
