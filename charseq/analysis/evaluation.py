"""A model on texts: read once, scored beside its baselines, and all that was asked for said about it."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from charseq.analysis.figures import Figures
from charseq.analysis.groups import GROUPINGS
from charseq.analysis.hardest import NUM_GUESSES, Hardest
from charseq.analysis.ranking import Worst
from charseq.errors import DataError
from charseq.models.contract import LanguageModel
from charseq.reports import Row, calibration_row, evaluation_row, group_rows, hardest_row
from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Scorer, Surprisal
from charseq.text.corpus import NamedTexts


class Listener(Protocol):
    """Hears what each character of each text cost the model."""

    def begin(self, file: str) -> None:
        """Begin with another text."""

    def add(self, text: str, surprisal: Surprisal) -> None:
        """Take the next piece of the text."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be said: groups `by` some of GROUPINGS, the `num_rows` highest in `sort` of each, 0 for all.

    Where `sort` is None, groups that have an order keep it, and others go by their total.
    """

    by: tuple[str, ...] = ()
    sort: str | None = None
    num_rows: int = 20
    num_hardest: int = 0
    calibration: bool = False


@dataclass(slots=True)
class Evaluation:
    """Rows by report: the texts, then whatever else was asked for."""

    texts: list[Row]
    groups: dict[str, list[Row]] = field(default_factory=dict)
    hardest: list[Row] = field(default_factory=list)
    calibration: list[Row] = field(default_factory=list)
    cases: list[Row] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        """All rows, one report after the other."""
        groups = [row for rows in self.groups.values() for row in rows]
        return [*self.texts, *groups, *self.hardest, *self.calibration, *self.cases]


def evaluate(
    checkpoint: Checkpoint,
    texts: NamedTexts,
    wanted: Wanted,
    *,
    name: str,
    baselines: Mapping[str, LanguageModel],
    listeners: Sequence[Listener] = (),
    num_guesses: int = 0,
    progress: Callable[[str], None] = lambda piece: None,
) -> Evaluation:
    """Score the texts with the model `name` and with its `baselines`.

    `listeners` hear the model's surprisal, with at least `num_guesses` guesses, and `progress` each piece
    when it is done. Raises DataError when there is nothing in any of the texts.
    """
    worst = {by: Worst(wanted.sort or "total", wanted.num_rows) for by in wanted.by}
    groupings = {by: GROUPINGS[by](worst[by]) for by in wanted.by}
    hardest = Hardest(wanted.num_hardest)
    if wanted.num_hardest:
        listeners, num_guesses = [hardest, *listeners], max(num_guesses, NUM_GUESSES)
    name = f"{name} (model)" if name in baselines else name
    models = {name: checkpoint.model, **baselines}
    reading = _Reading(checkpoint, models, [*groupings.values(), *listeners], num_guesses)
    for text, pieces in texts:
        reading.read(text, pieces, progress)
    total = reading.totals[name]
    if not total.score.num_chars:
        raise DataError(f"{', '.join(reading.texts)}: empty: there is nothing to score")
    groups = {}
    for by, grouping in groupings.items():
        found = grouping.groups()
        if not grouping.has_order or wanted.sort:
            for group in found:
                worst[by].add(group)
            found = worst[by].groups
        groups[by] = group_rows(by, found, total.score)
    return Evaluation(
        reading.rows(),
        groups,
        [hardest_row(hard, checkpoint.codec.tokenizer.alphabet) for hard in hardest.chars],
        [calibration_row(part) for part in total.calibration.bins] if wanted.calibration else [],
    )


class _Reading:
    """Texts as they are read: each piece is scored by all models, of which the first is listened to."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        models: Mapping[str, LanguageModel],
        listeners: Sequence[Listener],
        num_guesses: int,
    ) -> None:
        self._checkpoint, self._models = checkpoint, models
        self._listeners, self._num_guesses = listeners, num_guesses
        self.texts: list[str] = []
        self._figures: list[dict[str, Figures]] = []
        self.totals = {model: Figures() for model in models}

    def read(self, text: str, pieces: Iterable[str], progress: Callable[[str], None]) -> None:
        """Score one text."""
        figures, scorers = {model: Figures() for model in self._models}, self._scorers()
        self.texts.append(text)
        self._figures.append(figures)
        for listener in self._listeners:
            listener.begin(text)
        for piece in pieces:
            for number, (model, scorer) in enumerate(scorers.items()):
                begin = time.perf_counter()
                surprisal = scorer.score(piece)
                seconds = time.perf_counter() - begin
                figures[model].add(surprisal, seconds=seconds)
                self.totals[model].add(surprisal, seconds=seconds)
                for listener in self._listeners if number == 0 else ():
                    listener.add(piece, surprisal)
            progress(piece)

    def rows(self) -> list[Row]:
        """Return a row for each text and model, and of several texts for all together."""
        named = list(zip(self.texts, self._figures, strict=True))
        if len(named) > 1:
            named.append(("total", self.totals))
        return [
            evaluation_row(figures[model], model=model, text=text)
            for text, figures in named
            for model in self._models
        ]

    def _scorers(self) -> dict[str, Scorer]:
        return {
            name: Scorer(model, self._checkpoint.codec, num_guesses=0 if number else self._num_guesses)
            for number, (name, model) in enumerate(self._models.items())
        }
