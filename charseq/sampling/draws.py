"""Draws for a whole text, and for many texts at once; each is the draw that `filters.draw` makes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from charseq.arrays import FloatArray
from charseq.backend import numba_is_loaded
from charseq.config import SampleConfig
from charseq.sampling.filters import TINY_TEMPERATURE, draw, pick_at, weights

FREE = frozenset({"length", "temperature", "num_samples", "seed"})
"""The settings that a plain draw may have at any value: it knows a temperature and no filter."""


COMPILED_TOKENS = 512
"""The most tokens among which compiled code draws: of more, NumPy computes several exponentials at once."""


class Drawer:
    """Draws the tokens of a text with the same settings.

    Compiled code draws where numba is loaded already and there is no filter. The tokens are the same.
    """

    def __init__(self, config: SampleConfig, vocab_size: int) -> None:
        self._config, self._heights = config, np.empty(vocab_size)
        self._may_compile = is_plain(config) and vocab_size <= COMPILED_TOKENS
        self._draw_at: Any = None

    def draw(self, logits: FloatArray, rng: np.random.Generator, num_chars: int) -> int:
        """Return a token for logits (V,), after so many characters."""
        if self._draw_at is None:
            if not (self._may_compile and numba_is_loaded()):
                return draw(logits, self._config, rng, num_chars)
            from charseq.sampling.compiled import draw_at

            self._draw_at = draw_at
        temperature, chance = self._config.temperature, rng.random()
        token: int = self._draw_at(logits, temperature, chance, self._heights)
        return token if token >= 0 else pick_at(weights(logits, temperature), chance)


def is_plain(config: SampleConfig) -> bool:
    """Return whether tokens are drawn from softmax(logits / temperature), without any filter."""
    filters = ((name, field) for name, field in SampleConfig.model_fields.items() if name not in FREE)
    off = all(getattr(config, name) == field.default for name, field in filters)
    return off and config.temperature >= TINY_TEMPERATURE


def draw_each(
    logits: FloatArray, config: SampleConfig, rngs: Sequence[np.random.Generator], lengths: Sequence[int]
) -> list[int]:
    """Return a token for each row of `logits` (N, V), drawn with its own one of `rngs`.

    `lengths` has the number of characters that each text has already.
    """
    if len(rngs) == 1 or not is_plain(config):
        rows = zip(logits, rngs, lengths, strict=True)
        return [draw(row, config, rng, num_chars) for row, rng, num_chars in rows]
    p = logits.astype(np.float64)
    p -= p.max(axis=1, keepdims=True)
    p /= config.temperature
    np.exp(p, out=p)
    heights = np.add.accumulate(p, axis=1)
    chance = np.array([rng.random() for rng in rngs]) * heights[:, -1]
    tokens: list[int] = (heights <= chance[:, None]).sum(axis=1).tolist()
    return tokens
