"""New text with what the model expected at each of its characters."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from charseq.analysis.evaluation import Evaluation
from charseq.analysis.hardest import KEPT_GUESSES, Hardest
from charseq.arrays import FloatArray
from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Scorer


@dataclass(slots=True)
class Choices:
    """New texts, each with the bits of its characters, and the characters that were the least likely.

    `boldest` holds those of all texts, with the likeliest characters instead.
    """

    texts: list[tuple[str, FloatArray]] = field(default_factory=list)
    boldest: Evaluation = field(default_factory=Evaluation)


def choices(checkpoint: Checkpoint, prompt: str, texts: Iterable[str], *, num_boldest: int) -> Choices:
    """Score each of `texts` after the `prompt`, all in the form of the model."""
    codec, found = checkpoint.codec, Choices()
    hardest = Hardest(num_boldest, codec.tokenizer.alphabet)
    for number, text in enumerate(texts, start=1):
        scored = Scorer(checkpoint.model, codec, num_guesses=KEPT_GUESSES).score(prompt + text)
        hardest.begin(f"text {number}")
        hardest.add(prompt + text, scored.only(np.arange(len(scored.nats)) >= len(prompt)))
        found.texts.append((text, scored.bits[len(prompt) :]))
    found.boldest.hardest = hardest.chars
    return found
