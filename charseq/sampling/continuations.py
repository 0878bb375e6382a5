"""Many prompts, each continued to the end of its line, with the probability of the continuation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from charseq.config import SampleConfig
from charseq.models import LanguageModel
from charseq.network.loss import log_softmax
from charseq.sampling.filters import draw
from charseq.sampling.together import Together
from charseq.scoring.score import bits
from charseq.scoring.unseen import UnseenRule
from charseq.text.codec import Codec

LINES_AT_ONCE = 64
"""The number of prompts that are continued together."""


@dataclass(frozen=True, slots=True)
class Continuation:
    """The `text` after a `prompt`, without the newline that ends it, and its surprisal in `nats` with that.

    The surprisal is that of scoring. If the text was cut at its greatest length, it has no newline.
    """

    prompt: str
    text: str
    nats: float

    @property
    def bits(self) -> float:
        """The surprisal in bits."""
        return bits(self.nats)

    @property
    def probability(self) -> float:
        """The probability of the text and the newline after the prompt."""
        return math.exp(-self.nats)

    def after(self, prompt: str) -> "Continuation":
        """Return the same text after another prompt."""
        return replace(self, prompt=prompt)

    def as_written(self, codec: Codec) -> "Continuation":
        """Return the same texts as a file has them."""
        return replace(self, prompt=codec.written(self.prompt), text=codec.written(self.text))


def continuations(
    model: LanguageModel,
    codec: Codec,
    prompts: Sequence[str],
    config: SampleConfig,
    *,
    rngs: Sequence[np.random.Generator] | None = None,
) -> list[Continuation]:
    """Return a continuation of each prompt, which is completed, of at most `config.length` characters.

    Prompts and texts are in the form of the codec. The prompts are read together. There is one of `rngs` for
    each, unless the temperature is 0.
    """
    rngs = rngs or [np.random.default_rng(0)] * len(prompts)
    price = float(UnseenRule(codec.tokenizer.escape_probability).known_nats(np.zeros(1))[0])
    chars: list[list[str]] = [[] for _ in prompts]
    decoders = [codec.tokenizer.decoder() for _ in prompts]
    nats = [0.0] * len(prompts)
    unfinished = set(range(len(prompts) if config.length else 0))
    drawn = Together(model, [codec.prompt(prompt) for prompt in prompts]) if unfinished else None
    while drawn and unfinished:
        logits = codec.possible(drawn.read(), drawn.tokens)
        log_p = log_softmax(logits)
        for k in sorted(unfinished):
            token = draw(logits[k], config, rngs[k], len(chars[k]))
            drawn.tokens[k] = token
            nats[k] -= float(log_p[k, token])
            for char in decoders[k](token):
                nats[k] += price
                if char != codec.end:
                    chars[k].append(char)
                if char == codec.end or len(chars[k]) == config.length:
                    unfinished.discard(k)
                    break
    return [Continuation(*each) for each in zip(prompts, map("".join, chars), nats, strict=True)]
