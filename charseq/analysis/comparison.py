"""Several models on the same texts: which needs fewer bits, how sure that is, and where they differ.

Models are compared in pairs, unit by unit of the text. A unit that is hard for one model is mostly hard for
the other, and this cancels in the difference. So the difference has a much smaller error than either figure.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from charseq.analysis.groups import ByClass
from charseq.analysis.passages import Passage, Passages
from charseq.analysis.ranking import Worst
from charseq.analysis.reading import NamedModel, Progress, optimum_of, scored_texts
from charseq.analysis.shared import shared_form
from charseq.analysis.targets import TargetCounts
from charseq.analysis.totals import Totals
from charseq.analysis.uncertainty import UNITS, Estimate
from charseq.errors import ConfigError
from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Score, Surprisal, bits
from charseq.text.corpus import NamedTexts


@dataclass(frozen=True, slots=True)
class ComparedModel:
    """A model that is compared: its name, its checkpoint, and the size of its file."""

    name: str
    checkpoint: Checkpoint
    num_file_bytes: int

    @property
    def kind(self) -> str:
        """A short description of the model, such as "gru 1 x 256"."""
        return self.checkpoint.description

    @property
    def num_parameters(self) -> int:
        """The number of parameters, or of n-grams counted."""
        return self.checkpoint.model.num_parameters


@dataclass(frozen=True, slots=True)
class Difference:
    """The bits of model `a` minus those of model `b`: less than 0 if a is better."""

    a: str
    b: str
    bits_per_char: Estimate
    bits_per_byte: Estimate

    @property
    def verdict(self) -> str:
        """The meaning of the interval of the bits per character, in words."""
        interval = self.bits_per_char
        if math.isnan(interval.low):
            return "too short to tell"
        if interval.low <= 0 <= interval.high:
            return "no difference shown"
        return "a is better" if interval.high < 0 else "b is better"


@dataclass(frozen=True, slots=True)
class ClassScores:
    """The scores of the models on the characters of one class, in the order of the models."""

    name: str
    scores: tuple[Score, ...]

    @property
    def lowest(self) -> float:
        """The nats of the best model."""
        return min(score.nats for score in self.scores)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result of a comparison of several models on the same texts.

    `totals`, and the figures in `classes` and `passages`, are in the order of the `models`. `differences` has
    one for each pair of models. `classes` begins with the most frequent class, `passages` with the one on
    which the models differ most.
    """

    models: tuple[ComparedModel, ...]
    totals: tuple[Totals, ...]
    differences: tuple[Difference, ...]
    classes: tuple[ClassScores, ...]
    passages: tuple[Passage, ...]

    def __repr__(self) -> str:
        pairs = (f"{one.a} - {one.b}: {one.bits_per_char.value:+.4f} bits" for one in self.differences)
        return f"<Comparison: {'; '.join(pairs)}>"


def compare(
    models: Sequence[ComparedModel],
    texts: NamedTexts,
    *,
    num_passages: int = 5,
    units: str = "block",
    progress: Progress = lambda piece: None,
) -> Comparison:
    """Compare two or more models, each with a name of its own, on the texts.

    Errors are estimated from `units`, a key of UNITS. `progress` is called with each piece of text when it is
    done. Raises DataError if all texts are empty.
    """
    form = shared_form({one.name: one.checkpoint for one in models})
    comparer = Comparer(len(models), num_passages=num_passages, units=units, normalization=form.name)
    check_same_targets(models)
    reading = [NamedModel.of(one.name, one.checkpoint) for one in models]
    for text, pieces in scored_texts(reading, texts, progress):
        comparer.begin(text, optimum_of(text, models[0].checkpoint))
        for piece in pieces:
            comparer.add(piece.text, piece.surprisals, seconds=piece.seconds, targets=piece.targets)
    return comparer.comparison(models)


def check_same_targets(models: Sequence[ComparedModel]) -> None:
    """Raise ConfigError if the figures of the models are not about the same characters."""
    first, *others = models
    for other in others:
        if other.checkpoint.codec.selection != first.checkpoint.codec.selection:
            raise ConfigError(
                f"{first.name} and {other.name} count other characters: compare models with the same "
                "data.target_after and data.loss_on"
            )


class Comparer:
    """Compares models while texts are read piece by piece, each file after a `begin`."""

    def __init__(
        self, num_models: int, *, num_passages: int, units: str = "block", normalization: str | None = None
    ) -> None:
        self._totals = [Totals(units, normalization) for _ in range(num_models)]
        self._classes = [ByClass(Worst("total", 0)) for _ in range(num_models)]
        self._passages = Passages(num_passages)
        self._units = UNITS[units](num_models + 2)

    def begin(self, file: str, optimum: float | None = None) -> None:
        """Begin with another file; `optimum` is the fewest bits per character for it, if they are known."""
        self._passages.begin(file)
        self._units.begin()
        for totals in self._totals:
            totals.begin(optimum)

    def add(
        self,
        text: str,
        surprisals: Sequence[Surprisal],
        *,
        seconds: Sequence[float],
        targets: Sequence[TargetCounts | None] | None = None,
    ) -> None:
        """Take the next piece of the file, with the surprisal, the time and the targets of each model."""
        targets = targets or [None] * len(surprisals)
        for totals, surprisal, duration, counts in zip(
            self._totals, surprisals, seconds, targets, strict=True
        ):
            totals.add(text, surprisal, seconds=duration, targets=counts)
        for grouping, surprisal in zip(self._classes, surprisals, strict=True):
            grouping.add(text, surprisal)
        nats = np.stack([surprisal.nats for surprisal in surprisals], axis=1)
        self._passages.add(text, nats)
        sizes = surprisals[0].additions()
        self._units.add(text, np.column_stack([nats, sizes["num_chars"], sizes["num_bytes"]]))

    def comparison(self, models: Sequence[ComparedModel]) -> Comparison:
        """Return the result for these models."""
        names = [model.name for model in models]
        differences = self._differences(names)
        passages = self._passages.kept
        return Comparison(
            tuple(models), tuple(self._totals), tuple(differences), tuple(self._by_class()), tuple(passages)
        )

    def _differences(self, names: Sequence[str]) -> list[Difference]:
        """Return the difference of each pair of models, on the same units of the texts."""
        *of_model, per_char, per_byte = np.eye(len(names) + 2)
        return [
            Difference(
                names[a],
                names[b],
                self._units.ratio(of_model[a] - of_model[b], per_char).scaled(bits(1.0)),
                self._units.ratio(of_model[a] - of_model[b], per_byte).scaled(bits(1.0)),
            )
            for a, b in combinations(range(len(names)), 2)
        ]

    def _by_class(self) -> list[ClassScores]:
        """Return the scores of each class of characters, the most frequent class first."""
        groups = zip(*(grouping.groups() for grouping in self._classes), strict=True)
        classes = [ClassScores(f"{same[0].name}", tuple(group.score for group in same)) for same in groups]
        return sorted(classes, key=lambda found: -found.scores[0].num_chars)
