"""A network that has learnt, and is read on as it is: one token at a time, without windows."""

from typing import Any

from charseq.adaptation.member import read_one_by_one
from charseq.arrays import BoolArray, FloatArray, TokenArray
from charseq.models import LanguageModel
from charseq.network import State


class Frozen:
    """Reads on with the model's reader, which is made when it is needed, with the weights of then."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self._reader: Any = None
        self._has_begun = False

    @property
    def can_read(self) -> bool:
        """True if the model's reader can begin at the state of a window."""
        if self._reader is None:
            self._reader = self._model.reader()
        return hasattr(self._reader, "begin_at_")

    def predict(self, tokens: TokenArray, resets: BoolArray | None, state: State) -> FloatArray:
        """Return the logits (T, V) of the token after each of `tokens` (T,).

        `state` is that from which the first call goes on. `resets` (T,) is true where the stream is reset.
        """
        if not self._has_begun:
            self._reader.begin_at_([array[0] for array in state.arrays.values()])
            self._has_begun = True
        return read_one_by_one(self._reader, tokens, resets)

    def save(self) -> Any:
        """Return a copy of what was read, None if nothing was."""
        return self._reader.save() if self._has_begun else None

    def restore_(self, saved: Any) -> None:
        """Go back to where `save` was called."""
        self._has_begun = saved is not None
        if self._has_begun and self.can_read:
            self._reader.restore_(saved)
