"""From logits to one token: temperature, top k and top p."""

import numpy as np

from charseq.arrays import FloatArray
from charseq.config import SampleConfig

TINY_TEMPERATURE = 1e-260
"""Below this, logits that differ at all differ by more than a number can hold."""


def draw(logits: FloatArray, config: SampleConfig, rng: np.random.Generator) -> int:
    """Draw one token from softmax(logits / temperature), cut to the top k and to the top share p.

    Temperature 0 is the argmax. One uniform number is drawn otherwise.
    """
    if config.temperature == 0:
        return int(logits.argmax())
    p = logits.astype(np.float64)
    p -= p.item(p.argmax())  # at this length twice as fast as max
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
    """Return `p` with zeros outside the k likeliest, and outside the fewest that reach the share top_p."""
    order = np.argsort(-logits, kind="stable")  # at a huge temperature all of p is the same
    keep = len(p)
    if config.top_k:
        keep = min(keep, config.top_k)
    if config.top_p < 1:
        share = np.cumsum(p[order[:keep]])
        keep = min(keep, 1 + int(np.searchsorted(share, config.top_p * share[-1])))
    kept = np.zeros_like(p)
    kept[order[:keep]] = p[order[:keep]]
    return kept
