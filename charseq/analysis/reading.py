"""The loop over texts that evaluate and compare share: each piece is scored by every model."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from charseq.analysis.side_by_side import Scored, SideBySide, batches
from charseq.analysis.targets import Judge, TargetCounts
from charseq.errors import ConfigError, DataError
from charseq.models.contract import LanguageModel
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.provenance import held_out_part
from charseq.scoring import Scorer, Surprisal
from charseq.scoring.compiling import Compiling
from charseq.scoring.streams import LINE_STREAMS
from charseq.scoring.surprisal import LAST_COUNTED
from charseq.text.codec import Codec
from charseq.text.corpus import NamedTexts, ReadyTexts
from charseq.text.tasks import best_possible

TEST_PART = "test part"
"""The name of the text that was held out of a model's own corpus."""
Progress = Callable[[str], None]
"""A function that is called with each piece of text when it is done."""


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A model that reads texts: its name, its codec, and the number of guesses made at each character.

    `ranks=False` leaves out ranks and confidences where no guesses are made; that takes less time. Ranks that
    a Score does not count need not be exact, unless guesses are made or `all_ranks` is true. With `foresees`
    the nats that the model expected are kept. If the model learns from the texts, it is scored without that
    too, as the model `static`. It reads the `prompt` before each text. `judged` says whether targets of lines
    are counted, for which ranks are needed.
    """

    name: str
    model: LanguageModel
    codec: Codec
    num_guesses: int = 0
    ranks: bool = True
    static: LanguageModel | None = None
    prompt: str = ""
    judged: bool = True
    all_ranks: bool = False
    foresees: bool = False

    @classmethod
    def of(cls, name: str, checkpoint: Checkpoint, num_guesses: int = 0, *, prompt: str = "") -> "NamedModel":
        """Return the model of a checkpoint; it learns from the texts if it adapts."""
        model, codec = checkpoint.reading_model, checkpoint.codec
        return cls(name, model, codec, num_guesses, static=checkpoint.static_model, prompt=prompt)

    def compiling(self) -> Compiling:
        """Return what says when compiled code pays, for all texts that the model reads."""
        return Compiling(self.model, num_streams=LINE_STREAMS if self.codec.restarts else 1)

    def scorer(self, compiling: Compiling | None = None) -> Scorer:
        """Return a scorer that has read the prompt; with `compiling`, its caller counts what is read."""
        scorer = Scorer(
            self.model,
            self.codec,
            num_guesses=self.num_guesses,
            ranks=self.ranks,
            worst=None if self.all_ranks or self.num_guesses else LAST_COUNTED,
            foresees=self.foresees,
            compiling=compiling,
        )
        return self._prompted(scorer)

    def judge(self) -> Judge | None:
        """Return a judge of targets, None if lines have none or they are not `judged`."""
        wanted = self.codec.target_after and self.judged
        return Judge(self.static or self.model, self.codec) if wanted else None

    def static_scorer(self) -> Scorer | None:
        """Return a scorer of the model without learning, None for a model that does not learn."""
        return None if self.static is None else self._prompted(Scorer(self.static, self.codec, ranks=False))

    def _prompted(self, scorer: Scorer) -> Scorer:
        if self.prompt:
            scorer.score(self.codec.form.apply(self.prompt, "the prompt"))
        return scorer


@dataclass(frozen=True, slots=True)
class ScoredPiece:
    """A piece of a text, with the surprisal of each model and the seconds that each took of the time.

    `targets` has the counts of each model's targets, None where lines have none.
    """

    text: str
    surprisals: tuple[Surprisal, ...]
    seconds: tuple[float, ...]
    targets: tuple[TargetCounts | None, ...]


def scored_texts(
    models: Sequence[NamedModel], texts: NamedTexts, progress: Progress = lambda piece: None
) -> Iterator[tuple[str, Iterator[ScoredPiece]]]:
    """Yield the name of each text with an iterator of its pieces, scored by each model from its beginning.

    Take all pieces of a text before the next text. Raises ConfigError if the models cut texts into other
    documents, DataError at the end if all texts are empty.
    """
    names, num_chars = list[str](), 0
    codec, reading = _reading_codec(models), SideBySide(models)

    def checked() -> Iterator[tuple[str, Iterable[str]]]:
        for name, pieces in texts:
            names.append(name)
            pieces = codec.read(pieces)
            for selecting in {model.codec.target_after: model.codec for model in models}.values():
                pieces = selecting.checked(name, pieces)
            yield name, pieces

    def judged(scored: Iterator[Scored]) -> Iterator[ScoredPiece]:
        nonlocal num_chars
        judges = [model.judge() for model in models]
        for piece, surprisals, seconds in scored:
            num_chars += len(piece)
            each = zip(judges, surprisals, strict=True)
            targets = (None if judge is None else judge.counts(piece, found) for judge, found in each)
            yield ScoredPiece(piece, surprisals, seconds, tuple(targets))
            progress(piece)

    for batch in batches(checked(), ready=isinstance(texts, ReadyTexts)):
        for name, scored in reading.read(batch):
            yield name, judged(scored)
    if not num_chars:
        raise DataError(f"{', '.join(dict.fromkeys(names))}: empty: there is nothing to score")


def _reading_codec(models: Sequence[NamedModel]) -> Codec:
    """Return the codec whose documents all models read. Raises ConfigError if they read others."""
    first, *others = models
    for other in others:
        a, b = ((one.codec.unit == "document", one.codec.separator) for one in (first, other))
        if a != b:
            raise ConfigError(
                f"{first.name} and {other.name} cut a text into other documents: score them one by one"
            )
    return first.codec


def held_out_text(checkpoint: Checkpoint) -> NamedTexts:
    """Yield the test part of the model's own corpus."""
    yield TEST_PART, held_out_part(checkpoint).strings()


def optimum_of(text: str, checkpoint: Checkpoint) -> float | None:
    """Return the fewest bits per character that a model needs for the text of that name, if it is a task."""
    sources = checkpoint.provenance.sources if text == TEST_PART else (text,)
    return best_possible(sources, checkpoint.codec)
