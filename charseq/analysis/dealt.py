"""Lines dealt out to ranks: each scores some pieces of a text, and rank 0 has all lines in their order."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice
from typing import NamedTuple, cast

from charseq.analysis.reading import NamedModel
from charseq.analysis.segments import Segments
from charseq.analysis.side_by_side import batches
from charseq.analysis.streaming import EachSegment, each_segment, in_lines, model_for
from charseq.errors import DataError
from charseq.ranks import World
from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Scorer
from charseq.text.corpus import NamedTexts, ReadyTexts
from charseq.text.lines import NEWLINE


class Dealt(NamedTuple):
    """A piece of a text, or its end if `piece` is None, and the rank that scores it.

    `text` is the number of the text and `name` its name. Before it is scored, `num_counted` characters more
    count as read, the same as where one process reads all.
    """

    text: int
    name: str
    piece: str | None
    owner: int
    num_counted: int


def lines_on(
    world: World, checkpoint: Checkpoint, texts: NamedTexts, *, prompt: str = ""
) -> Iterator[EachSegment]:
    """Yield at rank 0 each line of the texts, which only this rank reads; other ranks yield nothing.

    The model reads each line on its own. Lines and errors are those of `each` with the kind "line".
    """
    hand, form = _Hand(model_for(checkpoint, "line", prompt), world.rank), checkpoint.codec.form.name
    deals = _deals(checkpoint, texts, world.size) if world.leads else iter(())
    while True:
        dealt = cast(list[Dealt], world.share(list(islice(deals, world.size))))
        if not dealt:
            return
        found = world.communicator.gather([hand.take(one) for one in dealt])
        for of_ranks in zip(*found, strict=True):
            for line in (line for lines in of_ranks for line in lines):
                yield replace(line, normalization=form) if form else line


class _Hand:
    """The scoring of those pieces that are dealt to one rank; it hears of all of them."""

    def __init__(self, model: NamedModel, rank: int) -> None:
        self._model, self._rank, self._compiling = model, rank, model.compiling()
        self._text = -1
        self._scorer: Scorer | None = None

    def take(self, dealt: Dealt) -> list[EachSegment]:
        """Return the lines that a piece completes, if it is for this rank."""
        if dealt.text != self._text:
            self._text, self._scorer, self._is_first = dealt.text, None, True
            self._segments = Segments("line")
        self._compiling.count_(dealt.num_counted)
        if dealt.piece is None:
            found = list(self._segments.finish())
        elif dealt.owner == self._rank:
            scoring = self._reader().begin(dealt.piece)
            for job in scoring.jobs:  # this rank has one core
                job()
            found = list(self._segments.add(dealt.piece, scoring.result()))
        else:
            self._segments.skip(len(dealt.piece))
            found = []
        self._is_first = False
        return [each_segment(dealt.name, one) for one in found]

    def _reader(self) -> Scorer:
        """Return a scorer that is at the beginning of a line, or within the line of the last piece."""
        if self._scorer is None:
            self._scorer = self._model.scorer(self._compiling)
            if not self._is_first:
                self._scorer.score(NEWLINE)  # the end of the line before
        return self._scorer


def _deals(checkpoint: Checkpoint, texts: NamedTexts, size: int) -> Iterator[Dealt]:
    """Yield all pieces of the texts, dealt to ranks in turn; the pieces of one line to one rank.

    Raises DataError at the end if all texts are empty.
    """
    codec, names, num_chars, owner = checkpoint.codec, list[str](), 0, 0

    def checked() -> Iterator[tuple[str, Iterable[str]]]:
        for name, pieces in in_lines(texts):
            names.append(name)
            yield name, codec.checked(name, codec.read(pieces))

    number = 0
    for batch in batches(checked(), ready=isinstance(texts, ReadyTexts)):
        together = sum(len(piece) for text in batch for piece in text.ahead) if len(batch) > 1 else 0
        for text in batch:
            ahead = len(text.ahead) if len(batch) > 1 else 0
            for place, piece in enumerate(chain(text.ahead, text.rest)):
                counted = len(piece)
                if place < ahead:  # what is read ahead is counted before any of it is scored
                    counted, together = together, 0
                yield Dealt(number, text.name, piece, owner, counted)
                num_chars += len(piece)
                if piece.endswith(NEWLINE):
                    owner = (owner + 1) % size
            yield Dealt(number, text.name, None, owner, 0)
            number += 1
    if not num_chars:
        raise DataError(f"{', '.join(dict.fromkeys(names))}: empty: there is nothing to score")
