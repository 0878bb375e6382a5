"""Lines attributed to models: for each line the model that finds it likeliest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from charseq.analysis.comparison import ComparedModel
from charseq.analysis.reading import NamedModel
from charseq.analysis.shared import shared_form
from charseq.arrays import FloatArray
from charseq.errors import ConfigError
from charseq.scoring import Scorer, bits
from charseq.scoring.cores import run_jobs
from charseq.text.corpus import NamedTexts
from charseq.text.lines import NEWLINE, whole_lines

LABEL_AFTER = "\t"
"""The character after which a line may have its label, the name of the right model."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """A line, its place in the file, and the `model` that finds it likeliest, at `bits`.

    `margin` is how many bits more the next best model needs. `label` is None without one. `text` is the line
    up to its label.
    """

    file: str
    offset: int
    text: str
    label: str | None
    model: str
    bits: float
    margin: float

    @property
    def is_correct(self) -> bool | None:
        """True if the label names the model, in upper or lower case; None without a label."""
        return None if self.label is None else self.label.casefold() == self.model.casefold()


def attribute(models: Sequence[ComparedModel], texts: NamedTexts) -> Iterator[Attribution]:
    """Yield the attribution of each line, as soon as it is read; every line is scored on its own.

    A line is scored up to its label, and with the newline, in the form in which the models read texts.
    Raises ConfigError for a model of targets, and for models that do not read the same text.
    """
    form = shared_form({one.name: one.checkpoint for one in models})
    for one in models:
        if one.checkpoint.codec.selection != ("", ""):
            raise ConfigError(f"{one.name}: finds targets likely, not lines: take models of whole lines")
    reading = [NamedModel.of(one.name, one.checkpoint.by_lines()) for one in models]
    for file, pieces in texts:
        scorers, offset = [Scorer(one.model, one.codec, ranks=False) for one in reading], 0
        for piece in whole_lines(pieces):
            lines = piece.removesuffix(NEWLINE).split(NEWLINE)
            scored = [form.apply(line.partition(LABEL_AFTER)[0], file) + NEWLINE for line in lines]
            nats = _nats(scorers, scored)
            for k, line in enumerate(lines):
                yield _attribution([one.name for one in models], nats[:, k], file, offset, line)
                offset += len(line) + len(NEWLINE)


def _nats(scorers: Sequence[Scorer], lines: Sequence[str]) -> FloatArray:
    """Return the nats (M, K) of each of some whole lines by each of the scorers, which work side by side."""
    begins, text = np.cumsum([0, *(len(line) for line in lines[:-1])]), "".join(lines)
    begun = [scorer.begin(text) for scorer in scorers]
    run_jobs([job for scoring in begun for job in scoring.jobs])
    return np.stack([np.add.reduceat(scoring.result().nats, begins) for scoring in begun])


def _attribution(names: Sequence[str], nats: FloatArray, file: str, offset: int, line: str) -> Attribution:
    text, tab, label = line.partition(LABEL_AFTER)
    best, second = np.argsort(nats, kind="stable")[:2].tolist()
    margin = bits(float(nats[second] - nats[best]))
    found = names[best]
    return Attribution(file, offset, text, label if tab else None, found, bits(float(nats[best])), margin)
