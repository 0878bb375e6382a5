"""Text from a model, one character at a time: the network proposes a distribution, chance disposes."""

from collections.abc import Iterator, Sequence

import numpy as np

from charseq.arrays import FloatArray
from charseq.config import SampleConfig
from charseq.network import CharModel


def sample(
    model: CharModel, prompt: Sequence[int], config: SampleConfig, *, rng: np.random.Generator
) -> Iterator[int]:
    """Yield `config.length` tokens that continue `prompt`.

    `prompt` needs at least one token; UNSEEN, the zero vector, begins a stream. Every token yielded is the
    next one's input.
    """
    state = model.initial_state(1)
    work = model.workspace(1, 1, backward=False)
    token = np.empty((1, 1), np.int32)
    for token[0, 0] in prompt[:-1]:
        model.forward(token, state, work)
    token[0, 0] = prompt[-1]
    for _ in range(config.length):
        logits = model.forward(token, state, work)[0, 0]
        token[0, 0] = draw(logits, config, rng)
        yield int(token[0, 0])


def draw(logits: FloatArray, config: SampleConfig, rng: np.random.Generator) -> int:
    """Draw one token from softmax(logits / temperature), cut to the top k and to the top share p.

    Temperature 0 is the argmax. One uniform number is drawn otherwise.
    """
    if config.temperature == 0:
        return int(np.argmax(logits))
    z = logits.astype(np.float64)
    z -= z.max()
    with np.errstate(over="ignore"):
        p = np.exp(z / config.temperature)
    if config.top_k or config.top_p < 1:
        p = _truncated(p, config)
    heights = np.cumsum(p)
    place = np.searchsorted(heights, rng.random() * heights[-1], side="right")
    return int(min(place, np.flatnonzero(p)[-1]))


def _truncated(p: FloatArray, config: SampleConfig) -> FloatArray:
    """Return `p` with zeros outside the k likeliest, and outside the fewest that reach the share top_p."""
    order = np.argsort(-p, kind="stable")
    keep = len(p)
    if config.top_k:
        keep = min(keep, config.top_k)
    if config.top_p < 1:
        share = np.cumsum(p[order[:keep]])
        keep = min(keep, 1 + int(np.searchsorted(share, config.top_p * share[-1])))
    kept = np.zeros_like(p)
    kept[order[:keep]] = p[order[:keep]]
    return kept
