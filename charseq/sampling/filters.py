"""The choice of one token from logits: temperature, top k and top p."""

import numpy as np

from charseq.arrays import FloatArray
from charseq.config import SampleConfig

TINY_TEMPERATURE = 1e-260
"""Below this temperature, dividing by it may overflow; then only the likeliest tokens are possible."""


def draw(logits: FloatArray, config: SampleConfig, rng: np.random.Generator) -> int:
    """Return a token drawn from softmax(logits / temperature), limited to the top k and to the top share p.

    At temperature 0 it is the argmax, and `rng` is not used. Otherwise one uniform number is drawn.
    """
    if config.temperature == 0:
        return int(logits.argmax())
    p = logits.astype(np.float64)
    p -= p.item(p.argmax())  # twice as fast as max at this length
    if config.temperature < TINY_TEMPERATURE:
        p[p < 0] = -np.inf
    else:
        p /= config.temperature
    np.exp(p, out=p)
    if config.top_k or config.top_p < 1:
        p = _truncated(p, logits, config)
    heights = np.add.accumulate(p)
    return int(heights.searchsorted(rng.random() * heights[-1], "right"))


def _truncated(p: FloatArray, logits: FloatArray, config: SampleConfig) -> FloatArray:
    """Return `p` with zeros except for the k likeliest tokens, and of these the fewest that reach top_p."""
    order = np.argsort(-logits, kind="stable")  # p may be the same for all at a huge temperature
    keep = len(p)
    if config.top_k:
        keep = min(keep, config.top_k)
    if config.top_p < 1:
        share = np.cumsum(p[order[:keep]])
        keep = min(keep, 1 + int(np.searchsorted(share, config.top_p * share[-1])))
    kept = np.zeros_like(p)
    kept[order[:keep]] = p[order[:keep]]
    return kept
