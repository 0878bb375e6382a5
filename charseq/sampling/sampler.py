"""Text from a model, one character at a time: the network proposes a distribution, chance disposes."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from charseq.arrays import FloatArray
from charseq.config import SampleConfig
from charseq.models.contract import LanguageModel

PROMPT_STEPS = 64
"""Characters of a prompt that several texts read together."""
TINY_TEMPERATURE = 1e-260
"""Below this, logits that differ at all differ by more than a number can hold."""


def sample(
    model: LanguageModel,
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
    reader = model.reader()
    drawn = prompt[0]
    for known in prompt[1:]:
        if drawn == restart:
            reader.reset_()
        reader.read(drawn)
        drawn = known
    for _ in range(config.length):
        if drawn == restart:
            reader.reset_()
        drawn = draw(reader.read(drawn), config, rng)
        yield drawn


def sample_many(
    model: LanguageModel, prompt: Sequence[int], config: SampleConfig, *, rngs: Sequence[np.random.Generator]
) -> Iterator[list[int]]:
    """Yield the next token of several texts at a time, one for each of `rngs`, that all continue `prompt`."""
    state, num_texts = model.initial_state(len(rngs)), len(rngs)
    tokens = np.repeat(np.asarray(prompt, np.int32)[:, None], num_texts, axis=1)
    work = model.workspace(PROMPT_STEPS, num_texts, backward=False)
    for begin in range(0, len(tokens) - 1, PROMPT_STEPS):
        model.forward(tokens[:-1][begin : begin + PROMPT_STEPS], state, work)
    work, drawn = model.workspace(1, num_texts, backward=False), tokens[-1].tolist()
    for _ in range(config.length):
        logits = model.forward(np.array([drawn], np.int32), state, work)[0]
        drawn = [draw(row, config, rng) for row, rng in zip(logits, rngs, strict=True)]
        yield drawn


def finish_many(tokens: Iterable[list[int]], vocab: Sequence[str], stops: Sequence[str]) -> list[str]:
    """Return the texts that `sample_many` makes, each up to the first of `stops` in it."""
    longest = max(map(len, stops), default=0)
    texts: list[list[str]] = []
    finished: set[int] = set()
    for drawn in tokens:
        texts = texts or [[] for _ in drawn]
        for k, token in enumerate(drawn):
            if k not in finished:
                texts[k].append(vocab[token])
                if any("".join(texts[k][-longest:]).endswith(stop) for stop in stops):
                    finished.add(k)
        if len(finished) == len(drawn):
            break
    return ["".join(until(text, stops)) for text in texts]


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
