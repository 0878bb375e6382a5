"""Each character, word, line or file of a text with its surprisal, as soon as it is known: for the shell."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from charseq.analysis.reading import NamedModel, ScoredPiece, scored_texts
from charseq.analysis.segments import Segment, Segments
from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Guess, Score, bits
from charseq.text.corpus import NamedTexts

KINDS = ("char", "word", "line", "file")
NUM_GUESSES = 2
"""Guesses made at each character: at least one of them is another character."""


@dataclass(frozen=True, slots=True)
class EachChar:
    """A character: its offset, its surprisal, the `entropy` before it in bits, the likeliest other one."""

    file: str
    offset: int
    char: str
    nats: float
    rank: int
    entropy: float
    alternative: Guess | None

    @property
    def bits(self) -> float:
        """The surprisal in bits, -log2 p."""
        return bits(self.nats)

    @property
    def probability(self) -> float:
        """The probability of the character, p."""
        return math.exp(-self.nats)


@dataclass(frozen=True, slots=True)
class EachSegment:
    """A word, a line or a file with its offset and its score; the text of a file is None."""

    file: str
    offset: int
    text: str | None
    score: Score


Each: TypeAlias = EachChar | EachSegment


def each(checkpoint: Checkpoint, texts: NamedTexts, kind: str) -> Iterator[Each]:
    """Yield each `kind`, one of KINDS, as soon as it is read.

    Raises DataError at the end if all texts are empty.
    """
    num_guesses = NUM_GUESSES if kind == "char" else 0
    model = NamedModel("", checkpoint.model, checkpoint.codec, num_guesses)
    for file, pieces in scored_texts([model], texts):
        if kind == "char":
            yield from _chars(pieces, file, checkpoint.codec.tokenizer.alphabet)
        elif kind == "file":
            yield EachSegment(file, 0, None, sum((piece.surprisals[0].score() for piece in pieces), Score()))
        else:
            yield from (EachSegment(file, one.offset, one.text, one.score) for one in _segments(pieces, kind))


def _segments(pieces: Iterable[ScoredPiece], kind: str) -> Iterator[Segment]:
    segments = Segments(kind)
    for piece in pieces:
        yield from segments.add(piece.text, piece.surprisals[0])
    yield from segments.finish()


def _chars(pieces: Iterable[ScoredPiece], file: str, alphabet: tuple[str, ...]) -> Iterator[EachChar]:
    offset = 0
    for piece in pieces:
        surprisal = piece.surprisals[0]
        expected = surprisal.expected
        if expected is None or surprisal.ranks is None:
            raise ValueError("scored without guesses")
        columns = (
            surprisal.nats,
            surprisal.ranks,
            expected.entropies,
            expected.guesses,
            expected.probabilities,
        )
        values = zip(piece.text, *(column.tolist() for column in columns), strict=True)
        for char, nats, rank, entropy, places, probabilities in values:
            guesses = (
                Guess(alphabet[place], p)
                for place, p in zip(places, probabilities, strict=True)
                if place >= 0
            )
            other = next((guess for guess in guesses if guess.char != char), None)
            yield EachChar(file, offset, char, nats, rank, bits(entropy), other)
            offset += 1
