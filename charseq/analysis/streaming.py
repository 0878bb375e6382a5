"""Each character, word, line or file of a text with its surprisal, as soon as it is known, for the shell."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from charseq.analysis.reading import NamedModel, ScoredPiece, scored_texts
from charseq.analysis.segments import Segments
from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Guess, Score, bits
from charseq.text.corpus import NamedTexts

Alphabet: TypeAlias = tuple[str, ...]
"""The characters of a tokenizer."""


@dataclass(frozen=True, slots=True)
class EachChar:
    """A character with its offset, its surprisal in nats and its rank.

    `entropy` is that of the prediction, in bits; `alternative` is the likeliest other character.
    """

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
Find: TypeAlias = Callable[[Iterable[ScoredPiece], str, Alphabet], Iterator[Each]]
"""A function that yields the parts of a file from its pieces, its name, and the alphabet of the guesses."""


@dataclass(frozen=True, slots=True)
class EachKind:
    """A kind of part: its class, the function that finds it, and the number of guesses for each character."""

    part: type[Each]
    find: Find
    num_guesses: int = 0


def each(checkpoint: Checkpoint, texts: NamedTexts, kind: str) -> Iterator[Each]:
    """Yield each part of a `kind`, a key of EACH_KINDS, as soon as it is read.

    Raises DataError at the end if all texts are empty.
    """
    wanted, alphabet = EACH_KINDS[kind], checkpoint.codec.tokenizer.alphabet
    model = NamedModel("", checkpoint.reading_model, checkpoint.codec, wanted.num_guesses, ranks=False)
    for file, pieces in scored_texts([model], texts):
        yield from wanted.find(pieces, file, alphabet)


def _chars(pieces: Iterable[ScoredPiece], file: str, alphabet: Alphabet) -> Iterator[EachChar]:
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
        counted = np.ones(len(piece.text), np.bool_) if surprisal.counted is None else surprisal.counted
        values = zip(piece.text, counted.tolist(), *(column.tolist() for column in columns), strict=True)
        for char, is_counted, nats, rank, entropy, places, probabilities in values:
            if not is_counted:
                offset += 1
                continue
            guesses = (
                Guess(alphabet[place], p)
                for place, p in zip(places, probabilities, strict=True)
                if place >= 0
            )
            other = next((guess for guess in guesses if guess.char != char), None)
            yield EachChar(file, offset, char, nats, rank, bits(entropy), other)
            offset += 1


def _segments(kind: str) -> Find:
    """Return the function that finds the segments of `kind`, a key of SEGMENT_KINDS."""

    def find(pieces: Iterable[ScoredPiece], file: str, _: Alphabet) -> Iterator[EachSegment]:
        segments = Segments(kind)
        for piece in pieces:
            for one in segments.add(piece.text, piece.surprisals[0]):
                yield EachSegment(file, one.offset, one.text, one.score)
        for one in segments.finish():
            yield EachSegment(file, one.offset, one.text, one.score)

    return find


def _whole(pieces: Iterable[ScoredPiece], file: str, _: Alphabet) -> Iterator[EachSegment]:
    yield EachSegment(file, 0, None, sum((piece.surprisals[0].score() for piece in pieces), Score()))


EACH_KINDS: Mapping[str, EachKind] = {
    "char": EachKind(EachChar, _chars, num_guesses=2),  # at least one of the two guesses is another character
    "word": EachKind(EachSegment, _segments("word")),
    "line": EachKind(EachSegment, _segments("line")),
    "file": EachKind(EachSegment, _whole),
}
"""The kinds of parts that a text can be cut into, by name."""
