"""Text from a model, one character at a time: the network proposes a distribution, chance disposes."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from charseq.arrays import FloatArray
from charseq.config import SampleConfig
from charseq.network import CharModel


def sample(
    model: CharModel,
    prompt: Sequence[int],
    config: SampleConfig,
    *,
    rng: np.random.Generator,
    restart: int | None = None,
) -> Iterator[int]:
    """Yield `config.length` tokens that continue `prompt`.

    `prompt` needs at least one token; UNSEEN, the zero vector, begins a stream. Every token yielded is the
    next one's input; the token `restart`, the newline of a line unit, is read from a zero state.
    """
    state = model.initial_state(1)
    work = model.workspace(1, 1, backward=False)
    token = np.empty((1, 1), np.int32)

    def read(new_token: int) -> FloatArray:
        if new_token == restart:
            state.reset_()
        token[0, 0] = new_token
        logits: FloatArray = model.forward(token, state, work)[0, 0]
        return logits

    for known in prompt[:-1]:
        read(known)
    drawn = prompt[-1]
    for _ in range(config.length):
        drawn = draw(read(drawn), config, rng)
        yield drawn


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
    return int(np.searchsorted(heights, rng.random() * heights[-1], side="right"))


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


def until(characters: Iterable[str], stops: Sequence[str]) -> Iterator[str]:
    """Yield `characters` up to the first of the strings `stops`, each as soon as it cannot be part of one."""
    held = ""
    for char in characters:
        held += char
        complete = [stop for stop in stops if held.endswith(stop)]
        if complete:
            held = held.removesuffix(max(complete, key=len))
            break
        begun = max((_overlap(held, stop) for stop in stops), default=0)
        yield held[: len(held) - begun]
        held = held[len(held) - begun :]
    yield held


def _overlap(text: str, stop: str) -> int:
    """Return the length of the longest end of `text` that is a beginning of `stop`."""
    return next((n for n in range(min(len(text), len(stop)), 0, -1) if text.endswith(stop[:n])), 0)
