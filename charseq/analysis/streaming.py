"""Each character, word, line or file of a text with its surprisal, as soon as it is known, for the shell."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from charseq.analysis.reading import NamedModel, ScoredPiece, scored_texts
from charseq.analysis.segments import Segment, Segments
from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Guess, Score, bits
from charseq.text.corpus import NamedTexts, ReadyTexts
from charseq.text.lines import whole_lines

HELD_CHARS = 1 << 20
"""The most characters of a line that are held in memory before it is scored."""
Alphabet: TypeAlias = Sequence[str]
"""The characters of a tokenizer."""


@dataclass(frozen=True, slots=True)
class EachChar:
    """A character with its offset, its surprisal in nats and its rank.

    `entropy` is that of the prediction, in bits; `alternative` is the likeliest other character.
    `normalization` is the form in which the model reads texts, as for the parts below.
    """

    file: str
    offset: int
    char: str
    nats: float
    rank: int
    entropy: float
    alternative: Guess | None
    normalization: str | None = None

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
    """A line or a file with its offset and its score; the text of a file is None.

    `excess_nats` is its surprisal minus the entropies before its characters.
    """

    file: str
    offset: int
    text: str | None
    score: Score
    excess_nats: float
    normalization: str | None = None


@dataclass(frozen=True, slots=True)
class EachWord:
    """A word with its offset and its score, which includes the white space after it.

    `position` is its number in the file, from 1, and `bare_nats` its surprisal without that space. `entropy`
    is that of the prediction of its first character, in bits.
    """

    file: str
    offset: int
    position: int
    text: str
    score: Score
    bare_nats: float
    entropy: float
    normalization: str | None = None


Each: TypeAlias = EachChar | EachSegment | EachWord
Find: TypeAlias = Callable[[Iterable[ScoredPiece], str, Alphabet], Iterator[Each]]
"""A function that yields the parts of a file from its pieces, its name, and the alphabet of the guesses."""


@dataclass(frozen=True, slots=True)
class EachKind:
    """A kind of part: its class, the function that finds it, and what it needs to know of each character.

    That is a number of guesses with the entropy, the rank, and the nats that the model expected.
    """

    part: type[Each]
    find: Find
    num_guesses: int = 0
    ranks: bool = False
    foresees: bool = False


def each(checkpoint: Checkpoint, texts: NamedTexts, kind: str, *, prompt: str = "") -> Iterator[Each]:
    """Yield each part of a `kind`, a key of EACH_KINDS, as soon as it is read.

    Each text follows the `prompt`, which is no part. Raises DataError at the end if all texts are empty.
    """
    wanted, alphabet = EACH_KINDS[kind], checkpoint.codec.tokenizer.alphabet
    if kind == "line" and checkpoint.codec.unit == "line":
        texts = in_lines(texts)
    form = checkpoint.codec.form.name
    for file, pieces in scored_texts([model_for(checkpoint, kind, prompt)], texts):
        for part in wanted.find(pieces, file, alphabet):
            yield replace(part, normalization=form) if form else part


def model_for(checkpoint: Checkpoint, kind: str, prompt: str) -> NamedModel:
    """Return the model of a checkpoint, which finds out about each character what parts of a `kind` need."""
    wanted = EACH_KINDS[kind]
    return NamedModel(
        "",
        checkpoint.reading_model,
        checkpoint.codec,
        wanted.num_guesses,
        ranks=wanted.ranks,
        prompt=prompt,
        judged=False,
        all_ranks=True,
        foresees=wanted.foresees,
    )


def in_lines(texts: NamedTexts) -> NamedTexts:
    """Return texts in pieces of whole lines, which are scored independently; a very long line is cut."""
    found = ((name, whole_lines(pieces, most=HELD_CHARS)) for name, pieces in texts)
    return ReadyTexts(found) if isinstance(texts, ReadyTexts) else found


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


def _segments(kind: str, pieces: Iterable[ScoredPiece]) -> Iterator[Segment]:
    """Yield the segments of `kind`, a key of SEGMENT_KINDS."""
    segments = Segments(kind)
    for piece in pieces:
        yield from segments.add(piece.text, piece.surprisals[0])
    yield from segments.finish()


def _words(pieces: Iterable[ScoredPiece], file: str, _: Alphabet) -> Iterator[EachWord]:
    position = 0
    for one in _segments("word", pieces):
        position += bool(one.text)  # white space at the beginning of a file is no word
        entropy = bits(one.entropy)
        yield EachWord(file, one.offset, position, one.text, one.score, one.bare_nats, entropy)


def each_segment(file: str, one: Segment) -> EachSegment:
    """Return a segment of a file with its excess over what was expected."""
    return EachSegment(file, one.offset, one.text, one.score, one.score.nats - one.expected_nats)


def _parts(kind: str) -> Find:
    """Return the function that finds the segments of `kind`, with their excess over what was expected."""

    def find(pieces: Iterable[ScoredPiece], file: str, _: Alphabet) -> Iterator[EachSegment]:
        return (each_segment(file, one) for one in _segments(kind, pieces))

    return find


def _whole(pieces: Iterable[ScoredPiece], file: str, _: Alphabet) -> Iterator[EachSegment]:
    score, expected = Score(), 0.0
    for piece in pieces:
        score += piece.surprisals[0].score()
        expected += float(piece.surprisals[0].foreseen_nats.sum())
    yield EachSegment(file, 0, None, score, score.nats - expected)


EACH_KINDS: Mapping[str, EachKind] = {
    "char": EachKind(EachChar, _chars, num_guesses=2, ranks=True),  # one of two guesses is another character
    "word": EachKind(EachWord, _words, num_guesses=1),
    "line": EachKind(EachSegment, _parts("line"), foresees=True),
    "document": EachKind(EachSegment, _parts("document"), foresees=True),
    "file": EachKind(EachSegment, _whole, foresees=True),
}
"""The kinds of parts that a text can be cut into, by name."""
