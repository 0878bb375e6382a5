"""One stream of text that members read together, and learn from a window at a time."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from charseq.adaptation.gradient import WINDOW
from charseq.adaptation.member import Member, known
from charseq.arrays import BoolArray, FloatArray, TokenArray
from charseq.models.mixture import log_linear
from charseq.network.loss import log_softmax

MAX_WEIGHT = 1e3
"""The largest weight that is learnt: many times those of use, and small enough to compute with."""


class Stream:
    """The members and the weights (M,) of their log-linear mixture, which follow the text at `weight_rate`.

    The target of a token is the next token that is read. A window is learnt from when the token after it is
    read, so that no prediction depends on what comes after it.
    """

    def __init__(self, members: Sequence[Member], weights: FloatArray, weight_rate: float) -> None:
        self.members, self.weights, self._weight_rate = list(members), weights.copy(), weight_rate
        self._tokens = np.empty(WINDOW + 1, np.int32)
        self._resets = np.zeros(WINDOW, np.bool_)
        self._logits: list[list[FloatArray]] = [[] for _ in members]
        self._num_read = 0
        self._is_learning = True

    def read(self, tokens: TokenArray, resets: BoolArray | None) -> FloatArray:
        """Return the logits (T, V) of the token after each of `tokens` (T,).

        `resets` (T,) is true where the stream is reset before the token.
        """
        parts, begin = [], 0
        at_once = [None if one.learns_windows else one.predict(tokens, resets) for one in self.members]
        while begin < len(tokens):
            if self._num_read == WINDOW:
                self._learn(int(tokens[begin]))
            some = slice(begin, min(begin + WINDOW - self._num_read, len(tokens)))
            marks = None if resets is None else resets[some]
            logits = [
                member.predict(tokens[some], marks) if read is None else read[some]
                for member, read in zip(self.members, at_once, strict=True)
            ]
            self._keep(tokens[some], marks, logits)
            parts.append(log_linear(logits, self.weights))
            begin = some.stop
        return np.concatenate(parts)

    def freeze_(self) -> None:
        """Learn nothing more, whatever is read."""
        self._is_learning = False
        for member in self.members:
            member.is_learning = False

    def save(self) -> Any:
        """Return a copy of all that was read and learnt."""
        pending = (self._tokens.copy(), self._resets.copy(), [one.copy() for one in self._logits])
        return self.weights.copy(), self._num_read, pending, [member.save() for member in self.members]

    def restore_(self, saved: Any) -> None:
        """Go back to the point at which `save` was called."""
        weights, self._num_read, (tokens, resets, logits), members = saved
        self.weights, self._tokens, self._resets = weights.copy(), tokens.copy(), resets.copy()
        self._logits = [one.copy() for one in logits]
        for member, one in zip(self.members, members, strict=True):
            member.restore_(one)

    def _keep(self, tokens: TokenArray, resets: BoolArray | None, logits: Sequence[FloatArray]) -> None:
        """Keep what was read, until it is learnt."""
        part = slice(self._num_read, self._num_read + len(tokens))
        self._tokens[part] = tokens
        self._resets[part] = False if resets is None else resets
        for kept, one in zip(self._logits, logits, strict=True):
            kept.append(one)
        self._num_read = part.stop

    def _learn(self, next_token: int) -> None:
        """Let the members and the weights learn the window; `next_token` is its last target."""
        self._tokens[WINDOW] = next_token
        targets = self._tokens[1:]
        if self._is_learning:
            for member in self.members:
                member.learn(self._tokens[:-1], targets, self._resets if self._resets.any() else None)
            self._learn_weights(targets)
        self._logits = [[] for _ in self.members]
        self._num_read = 0

    def _learn_weights(self, targets: TokenArray) -> None:
        """Make a gradient step of the weights: down the mean of E[log p_i] - log p_i(target)."""
        logits = [np.concatenate(kept) for kept in self._logits]
        places, ones = known(targets)
        p = np.exp(log_softmax(log_linear(logits, self.weights)))
        p[np.arange(len(places)), places] -= 1
        p *= ones[:, None]
        gradient = np.array([np.vdot(p, one) for one in logits]) / max(ones.sum(), 1)
        self.weights = np.clip(self.weights - self._weight_rate * gradient, 0.0, MAX_WEIGHT)
