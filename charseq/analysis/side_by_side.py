"""Texts read by several models: models, lines and whole files side by side on the cores of this machine."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Protocol, TypeAlias

from charseq.scoring import Scorer, Surprisal
from charseq.scoring.compiling import Compiling
from charseq.scoring.cores import Job, run_jobs

AHEAD_CHARS = 1 << 17
"""The characters of files that are read ahead, to score these files side by side."""


class ScoredModel(Protocol):
    """A model that makes scorers of texts; a model that learns has a second one, which does not learn."""

    def compiling(self) -> Compiling:
        """Return what says when compiled code pays."""

    def scorer(self, compiling: Compiling) -> Scorer:
        """Return a scorer of another text, for which others count with `compiling`."""

    def static_scorer(self) -> Scorer | None:
        """Return a scorer of the model without learning, None for a model that does not learn."""


Result: TypeAlias = tuple[Surprisal, float]
"""The surprisal of a piece of text, and the seconds of the work on it."""
Scored: TypeAlias = tuple[str, tuple[Surprisal, ...], tuple[float, ...]]
"""A piece of text, with the surprisal of each model and the seconds that each took of the time."""


@dataclass(slots=True)
class Text:
    """A text: its name, the pieces that have been read ahead, and the rest of it."""

    name: str
    ahead: list[str]
    rest: Iterator[str]


def batches(texts: Iterable[tuple[str, Iterable[str]]], *, ready: bool) -> Iterator[list[Text]]:
    """Yield the texts, several together if they are `ready` to be read ahead and short.

    All but the last of several have no rest. An error of reading is raised after the texts before it.
    """
    if not ready:
        yield from ([Text(name, [], iter(pieces))] for name, pieces in texts)
        return
    batch, num_chars, error = list[Text](), 0, None
    each = iter(texts)
    while error is None:
        try:
            name, pieces = next(each)
        except StopIteration:
            break
        except Exception as found:  # the texts that were read before come first
            error = found
            break
        text = Text(name, [], iter(pieces))
        batch.append(text)
        try:
            for piece in text.rest:
                text.ahead.append(piece)
                num_chars += len(piece)
                if num_chars >= AHEAD_CHARS:
                    break
        except Exception as found:
            text.rest = _raising(found)
            num_chars = AHEAD_CHARS
        if num_chars >= AHEAD_CHARS:
            yield batch
            batch, num_chars = [], 0
    if batch:
        yield batch
    if error is not None:
        raise error


def _raising(error: Exception) -> Iterator[str]:
    raise error
    yield ""


class SideBySide:
    """Lets `models` read texts."""

    def __init__(self, models: Sequence[ScoredModel]) -> None:
        self._models, self._compilings = models, [model.compiling() for model in models]

    def read(self, batch: Sequence[Text]) -> Iterator[tuple[str, Iterator[Scored]]]:
        """Yield the name of each text with an iterator of its scored pieces; take them text by text."""
        readers = [
            [_Reader(*pair) for pair in zip(self._models, self._compilings, strict=True)] for _ in batch
        ]
        if len(batch) == 1:
            (text,) = batch
            yield text.name, self._piece_by_piece(readers[0], chain(text.ahead, text.rest))
            return
        self._count(sum(len(piece) for text in batch for piece in text.ahead))
        of_texts = list(zip(batch, readers, strict=True))
        share = _run(partial(reader.read, text.ahead) for text, several in of_texts for reader in several)
        for text, several in of_texts:
            results = zip(*(reader.results for reader in several), strict=True)
            found = [_scored(*pair, share) for pair in zip(text.ahead, results, strict=True)]
            yield text.name, chain(found, self._piece_by_piece(several, text.rest))

    def _piece_by_piece(self, readers: "Sequence[_Reader]", pieces: Iterable[str]) -> Iterator[Scored]:
        for piece in pieces:
            self._count(len(piece))
            share = _run(job for reader in readers for job in reader.begin(piece))
            yield _scored(piece, [reader.result() for reader in readers], share)

    def _count(self, num_chars: int) -> None:
        for compiling in self._compilings:
            compiling.count_(num_chars)


class _Reader:
    """A model that reads one text; a model that learns reads it without learning, too."""

    def __init__(self, model: ScoredModel, compiling: Compiling) -> None:
        self._scorer, self._static = model.scorer(compiling), model.static_scorer()
        self.results = list[Result]()

    def begin(self, piece: str) -> list[Job]:
        """Begin with the next piece, whose `result` is known after these jobs."""
        self._seconds, self._scoring = list[float](), self._scorer.begin(piece)
        self._static_scoring = None if self._static is None else self._static.begin(piece)
        jobs: list[Job] = [partial(self._timed, job) for job in self._scoring.jobs]
        return jobs if self._static_scoring is None else [*jobs, *self._static_scoring.jobs]

    def result(self) -> Result:
        """Return the surprisal of the piece, and the seconds of its jobs, as if one followed the other."""
        static_nats = None if self._static_scoring is None else self._static_scoring.result().nats
        return replace(self._scoring.result(), static_nats=static_nats), sum(self._seconds)

    def read(self, pieces: Sequence[str]) -> None:
        """Read some pieces, and keep their `results`."""
        for piece in pieces:
            run_jobs(self.begin(piece))
            self.results.append(self.result())
        for scorer in (self._scorer, self._static):  # many texts are there at once
            if scorer is not None:
                scorer.free_()

    def _timed(self, job: Job) -> None:
        begin = time.perf_counter()
        job()
        self._seconds.append(time.perf_counter() - begin)


def _run(jobs: Iterable[Job]) -> float:
    """Run jobs; return the seconds that pass for each second of a job: less than 1 on several cores."""
    seconds = list[float]()

    def timed(job: Job) -> None:
        begin = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - begin)

    begin = time.perf_counter()
    run_jobs([partial(timed, job) for job in jobs])
    passed, worked = time.perf_counter() - begin, sum(seconds)
    return passed / worked if worked else 0.0


def _scored(piece: str, results: Sequence[Result], share: float) -> Scored:
    return piece, tuple(surprisal for surprisal, _ in results), tuple(share * worked for _, worked in results)
