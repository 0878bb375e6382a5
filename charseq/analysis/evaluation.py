"""The evaluation of a model: one reading of the texts gives all scores, groups and other results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from charseq.analysis.calibration import Bin
from charseq.analysis.cases import Answer
from charseq.analysis.groups import GROUPINGS, Grouping
from charseq.analysis.hardest import KEPT_GUESSES, HardChar, Hardest
from charseq.analysis.ranking import Group, Worst
from charseq.analysis.reading import NamedModel, Progress, ScoredPiece, optimum_of, scored_texts
from charseq.analysis.totals import Totals
from charseq.models.contract import LanguageModel
from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Score, Surprisal
from charseq.text.corpus import NamedTexts

TOTAL = "total"
"""The name of all texts together."""
NUM_HARDEST = 10
"""The number of the hardest characters, if they are wanted without a number."""


class Listener(Protocol):
    """An object that receives the surprisal of each character of each text under the evaluated model."""

    def begin(self, file: str) -> None:
        """Begin with another text."""

    def add(self, text: str, surprisal: Surprisal) -> None:
        """Take the next piece of the text."""


class Analysis(Listener, Protocol):
    """A listener with results at the end: one object for each row of a report."""

    def results(self) -> Sequence[Any]:
        """Return the results."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The parts of an evaluation that are wanted.

    `by` has keys of GROUPINGS. Of each grouping the `num_rows` groups that are highest in `sort` are kept,
    all for 0. If `sort` is None, groups with an order of their own keep it, and others are sorted by their
    total. Errors are estimated from `units`, a key of UNITS. `analyses` has further ones by name.
    """

    by: tuple[str, ...] = ()
    sort: str | None = None
    num_rows: int = 20
    num_hardest: int = 0
    calibration: bool = False
    units: str = "block"
    analyses: Mapping[str, Analysis] = field(default_factory=dict)

    @property
    def parts(self) -> list[str]:
        """The names of the parts beside the totals of the texts, in their order."""
        more = {"hardest": self.num_hardest, "calibration": self.calibration}
        return [*self.by, *(name for name, wanted in more.items() if wanted), *self.analyses]

    def with_part(self, name: str | None) -> "Wanted":
        """Return these parts and the one of that name; the same ones if it is there or no such part."""
        if name is None or name in self.parts:
            return self
        if name in GROUPINGS:
            return replace(self, by=(*self.by, name))
        if name == "hardest":
            return replace(self, num_hardest=NUM_HARDEST)
        return replace(self, calibration=True) if name == "calibration" else self


@dataclass(frozen=True, slots=True)
class TextTotals:
    """The totals of one model on one text, or on all of them together, whose name is "total"."""

    model: str
    text: str
    totals: Totals


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of one grouping, in the order in which they are shown, and the score of all texts.

    `normalization` is the form in which the model reads the texts.
    """

    groups: Sequence[Group]
    total: Score
    normalization: str | None = None


@dataclass(slots=True)
class Evaluation:
    """The results of an evaluation; parts that were not asked for are empty.

    `texts` has the totals of each text and model and, for several texts, those of all texts together at the
    end. `groups` has the groups by the name of the grouping, `added` the results of further analyses by name.
    """

    texts: list[TextTotals] = field(default_factory=list)
    groups: dict[str, Groups] = field(default_factory=dict)
    hardest: list[HardChar] = field(default_factory=list)
    calibration: list[Bin] = field(default_factory=list)
    cases: list[Answer] = field(default_factory=list)
    added: dict[str, Sequence[Any]] = field(default_factory=dict)

    def __repr__(self) -> str:
        found = [f"{one.model} on {one.text}: {one.totals.score}" for one in self.texts]
        return f"<Evaluation: {'; '.join(found) or f'{len(self.cases)} cases'}>"

    @property
    def total(self) -> Score:
        """The score of the model, not its baselines, on all texts together."""
        return self.totals.score

    @property
    def totals(self) -> Totals:
        """The totals of the model, not its baselines, on all texts together."""
        return next(one.totals for one in reversed(self.texts) if one.model == self.texts[0].model)


def evaluate(
    checkpoint: Checkpoint,
    texts: NamedTexts,
    wanted: Wanted,
    *,
    name: str,
    baselines: Mapping[str, LanguageModel],
    listeners: Sequence[Listener] = (),
    num_guesses: int = 0,
    prompt: str = "",
    progress: Progress = lambda piece: None,
) -> Evaluation:
    """Score the texts with the model `name` and with its `baselines`.

    `listeners` receive the model's surprisal, with at least `num_guesses` guesses. `progress` is called with
    each piece of text when it is done.
    Every text follows the `prompt`, which is not scored. Raises DataError if all texts are empty.
    """
    finder = _Finder(checkpoint, wanted)
    if wanted.num_hardest:
        num_guesses = max(num_guesses, KEPT_GUESSES)
    name = f"{name} (model)" if name in baselines else name
    model = NamedModel.of(name, checkpoint, num_guesses, prompt=prompt)
    models = [replace(model, all_ranks=bool(wanted.analyses))]  # an analysis may look at any rank
    models += [
        NamedModel(other, baseline, checkpoint.codec, prompt=prompt) for other, baseline in baselines.items()
    ]
    hearing = [*finder.listeners, *listeners]
    found = list[TextTotals]()
    form = checkpoint.codec.form.name
    overall = [TextTotals(model.name, TOTAL, Totals(wanted.units, form)) for model in models]
    for text, pieces in scored_texts(models, texts, progress):
        own = [TextTotals(model.name, text, Totals(wanted.units, form)) for model in models]
        optimum = optimum_of(text, checkpoint)
        for one in [*own, *overall]:
            one.totals.begin(optimum)
        found += own
        for listener in hearing:
            listener.begin(text)
        for piece in pieces:
            _add(own, piece)
            _add(overall, piece)
            for listener in hearing:
                listener.add(piece.text, piece.surprisals[0])
    if len(found) > len(models):
        found += overall
    return finder.evaluation(found, overall[0].totals)


def _add(totals: Sequence[TextTotals], piece: ScoredPiece) -> None:
    of_models = zip(totals, piece.surprisals, piece.seconds, piece.targets, strict=True)
    for one, surprisal, seconds, targets in of_models:
        one.totals.add(piece.text, surprisal, seconds=seconds, targets=targets)


class _Finder:
    """The listeners that find the wanted parts of an evaluation."""

    def __init__(self, checkpoint: Checkpoint, wanted: Wanted) -> None:
        self._wanted = wanted
        self._worst = {by: Worst(wanted.sort or "total", wanted.num_rows) for by in wanted.by}
        self._groupings: dict[str, Grouping] = {by: GROUPINGS[by](self._worst[by]) for by in wanted.by}
        self._hardest = Hardest(wanted.num_hardest, checkpoint.codec.tokenizer.alphabet)
        self.listeners: list[Listener] = [*self._groupings.values(), *wanted.analyses.values()]
        if wanted.num_hardest:
            self.listeners.append(self._hardest)

    def evaluation(self, texts: list[TextTotals], total: Totals) -> Evaluation:
        """Return the evaluation: the given totals of the texts, and everything that was found."""
        groups = {by: Groups(self._groups(by), total.score, total.normalization) for by in self._groupings}
        return Evaluation(
            texts,
            groups,
            self._hardest.chars,
            total.calibration.bins if self._wanted.calibration else [],
            added={name: analysis.results() for name, analysis in self._wanted.analyses.items()},
        )

    def _groups(self, by: str) -> list[Group]:
        grouping, worst = self._groupings[by], self._worst[by]
        found = grouping.groups()
        if grouping.has_order and not self._wanted.sort:
            return found
        for group in found:
            worst.add(group)
        return worst.groups
