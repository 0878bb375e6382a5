"""The ladder of models: each with its size and its bits on the same texts, the worst first.

Models that only count are its lowest rungs: uniform, unigram, Markov (ngram:2), n-grams.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from charseq.analysis.comparison import ComparedModel, check_same_targets
from charseq.analysis.reading import NamedModel, Progress, optimum_of, scored_texts
from charseq.analysis.totals import Totals
from charseq.models.contract import LanguageModel
from charseq.text.corpus import NamedTexts


@dataclass(frozen=True, slots=True)
class Rung:
    """A model on the ladder, and its totals on all texts; a baseline is of the kind "counted"."""

    model: str
    kind: str
    num_parameters: int
    totals: Totals


def ladder(
    models: Sequence[ComparedModel],
    texts: NamedTexts,
    *,
    baselines: Mapping[str, LanguageModel],
    progress: Progress = lambda piece: None,
) -> list[Rung]:
    """Score the texts with all models, and with baselines that read as the first model does.

    The model that needs the most bits comes first. `progress` is called with each piece of text when it is
    done. Raises ConfigError if the figures would be about other characters, DataError if all texts are empty.
    """
    check_same_targets(models)
    first = models[0].checkpoint
    rungs = [Rung(one.name, one.kind, one.num_parameters, Totals()) for one in models]
    rungs += [Rung(name, "counted", one.num_parameters, Totals()) for name, one in baselines.items()]
    reading = [NamedModel.of(one.name, one.checkpoint) for one in models]
    reading += [NamedModel(name, one, first.codec) for name, one in baselines.items()]
    reading = [replace(one, judged=False) for one in reading]
    for text, pieces in scored_texts(reading, texts, progress):
        for rung in rungs:
            rung.totals.begin(optimum_of(text, first))
        for piece in pieces:
            for rung, surprisal, seconds in zip(rungs, piece.surprisals, piece.seconds, strict=True):
                rung.totals.add(piece.text, surprisal, seconds=seconds)
    return sorted(rungs, key=lambda rung: -rung.totals.score.nats)
