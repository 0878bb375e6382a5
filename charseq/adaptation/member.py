"""The contract of a member of an adaptive model: it predicts some tokens, and then learns from them."""

import copy
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from charseq.arrays import BoolArray, FloatArray, TokenArray
from charseq.models import LanguageModel, TokenReader

NUM_STEPS = 256
"""The most tokens that a model which does not learn reads at once."""


class Member(ABC):
    """One stream: `predict` reads tokens on, and `learn` learns the window that was read since the last call.

    A window has at most as many steps as the member was made for.
    """

    learns_windows = False
    """True if `learn` does something, so that predictions depend on it; others read on beyond a window."""
    is_learning = True
    """False to stop learning: what is read then changes the state only."""

    @abstractmethod
    def predict(self, tokens: TokenArray, resets: BoolArray | None) -> FloatArray:
        """Return the logits (T, V) of the token after each of `tokens` (T,), as a new array.

        `resets` (T,) is true where the stream is reset before the token.
        """

    def learn(self, tokens: TokenArray, targets: TokenArray, resets: BoolArray | None) -> None:  # noqa: B027
        """Learn that `targets` (T,) came after `tokens` (T,), the window since the last call.

        A target may be UNSEEN: nothing is learnt from it.
        """

    @abstractmethod
    def save(self) -> Any:
        """Return a copy of all that was read and learnt."""

    @abstractmethod
    def restore_(self, saved: Any) -> None:
        """Go back to the point at which `save` was called."""


class Static(Member):
    """A model that predicts and does not learn."""

    def __init__(self, model: LanguageModel) -> None:
        self._model, self._state = model, model.initial_state(1)
        self._work = model.workspace(NUM_STEPS, 1, resets=True, backward=False)

    def predict(self, tokens: TokenArray, resets: BoolArray | None) -> FloatArray:
        """Return the logits (T, V) of the token after each of `tokens` (T,)."""
        parts = list[FloatArray]()
        for begin in range(0, len(tokens), NUM_STEPS):
            some = slice(begin, begin + NUM_STEPS)
            marks = None if resets is None else resets[some, None]
            logits = self._model.forward(tokens[some, None], self._state, self._work, resets=marks)
            parts.append(logits[:, 0].copy())
        return np.concatenate(parts)

    def save(self) -> Any:
        """Return a copy of the state."""
        return copy_of(self._state)

    def restore_(self, saved: Any) -> None:
        """Go back to a copied state."""
        self._state = copy_of(saved)


class OneByOne(Member):
    """A model that predicts and does not learn, for streams that are read one token at a time."""

    def __init__(self, model: LanguageModel) -> None:
        self._reader = model.reader()

    def predict(self, tokens: TokenArray, resets: BoolArray | None) -> FloatArray:
        """Return the logits (T, V) of the token after each of `tokens` (T,)."""
        return read_one_by_one(self._reader, tokens, resets)

    def save(self) -> Any:
        """Return a copy of what was read."""
        return self._reader.save()

    def restore_(self, saved: Any) -> None:
        """Go back to where `save` was called."""
        self._reader.restore_(saved)


def read_one_by_one(reader: TokenReader, tokens: TokenArray, resets: BoolArray | None) -> FloatArray:
    """Return the logits (T, V) of the token after each of `tokens` (T,), read by a reader of one stream."""
    logits = list[FloatArray]()
    for k, token in enumerate(tokens.tolist()):
        if resets is not None and resets[k]:
            reader.reset_()
        logits.append(reader.read(token).copy())
    return np.array(logits)


def copy_of(state: Any) -> Any:
    """Return a copy of a model's state."""
    return copy.deepcopy(state)


def known(targets: TokenArray) -> tuple[TokenArray, FloatArray]:
    """Return the targets with 0 in the place of UNSEEN, and their weights: 0 for UNSEEN, 1 for others."""
    weights = (targets >= 0).astype(np.float32)
    return np.maximum(targets, 0), weights
