"""Draws for many texts at once; each is the draw that `filters.draw` makes for that text alone."""

from collections.abc import Sequence

import numpy as np

from charseq.arrays import FloatArray
from charseq.config import SampleConfig
from charseq.sampling.filters import TINY_TEMPERATURE, draw

FREE = frozenset({"length", "temperature", "num_samples", "seed"})
"""The settings that a plain draw may have at any value: it knows a temperature and no filter."""


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
