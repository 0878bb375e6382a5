"""A text cut into words, lines or documents as it is read, each with its score."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from charseq.analysis.sums import scores_of_parts
from charseq.arrays import BoolArray, FloatArray
from charseq.scoring import Score, Surprisal
from charseq.text.documents import DOCUMENT_END
from charseq.text.tokenizers.tokenizer import code_points

TEXT_CHARS = 4096
"""The most characters of a segment that are kept as its text; its score counts all of them."""
SPACES = np.array([ord(char) for char in map(chr, range(0x3001)) if char.isspace()], np.uint32)


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a text: its offset and length in characters, its text without what separates it.

    The `score` is that of the characters that count; a part without any is no segment. `bare_nats` are those
    without the white space, `expected_nats` those that the model expected and `entropy` the one before the
    first character, in nats. These two are nan if the text was scored without them.
    """

    offset: int
    text: str
    score: Score
    length: int = 0
    bare_nats: float = 0.0
    expected_nats: float = 0.0
    entropy: float = math.nan


def is_space(text: str) -> BoolArray:
    """Return True for each character that separates words, as for `str.split`; (L,)."""
    return np.isin(code_points(text), SPACES)


def word_starts(text: str, after: str) -> BoolArray:
    """Return True where a word begins in `text`, which continues `after`: at a non-space after a space."""
    space = is_space(after[-1:] + text)
    if not after:
        space = np.concatenate([[True], space])
    starts: BoolArray = space[:-1] & ~space[1:]
    return starts


def line_starts(text: str, after: str) -> BoolArray:
    r"""Return True where a line begins in `text`, which continues `after`: after \n, or \r without \n."""
    codes = code_points((after[-1:] or "\n") + text)
    starts: BoolArray = (codes[:-1] == ord("\n")) | ((codes[:-1] == ord("\r")) & (codes[1:] != ord("\n")))
    return starts


def document_starts(text: str, after: str) -> BoolArray:
    """Return True where a document begins in `text`, which continues `after`."""
    starts: BoolArray = code_points((after[-1:] or DOCUMENT_END) + text)[:-1] == ord(DOCUMENT_END)
    return starts


@dataclass(frozen=True, slots=True)
class SegmentKind:
    """A kind of segment.

    `starts` returns where one begins in a text that continues another. `separators` are the characters that
    are no part of its text at its end; None is any space. The character `end`, if there is one, completes a
    segment: whatever comes next begins another.
    """

    starts: Callable[[str, str], BoolArray]
    separators: str | None
    end: str | None


SEGMENT_KINDS: Mapping[str, SegmentKind] = {
    "word": SegmentKind(word_starts, separators=None, end=None),
    "line": SegmentKind(line_starts, separators="\r\n", end="\n"),
    "document": SegmentKind(document_starts, separators=DOCUMENT_END, end=DOCUMENT_END),
}
"""The kinds of segments. A space belongs to the word before it, a newline and an end likewise."""


class Segments:
    """Cuts a text, piece by piece, into the segments of `kind`, a key of SEGMENT_KINDS."""

    def __init__(self, kind: str) -> None:
        self._kind = SEGMENT_KINDS[kind]
        self._after, self._offset = "", 0
        self._open = Segment(0, "", Score())

    def add(self, text: str, surprisal: Surprisal) -> Iterator[Segment]:
        """Yield the segments that this piece completes."""
        if not text:
            return
        cuts = np.flatnonzero(self._kind.starts(text, self._after)).tolist()
        continues = cuts[:1] != [0]
        begins = [0, *cuts] if continues else cuts
        ends, scores = [*begins[1:], len(text)], scores_of_parts(surprisal, begins)
        entropies = surprisal.entropies
        columns = np.add.reduceat(_columns(text, surprisal), begins, axis=0).tolist()
        for begin, end, score, (bare, expected) in zip(begins, ends, scores, columns, strict=True):
            if begin or not continues:
                yield from self.finish()
            entropy = float(entropies[begin])
            part = Segment(0, text[begin:end], score, end - begin, bare, expected, entropy)
            self._open = self._grown(part)
        self._after = text[-1]
        if self._after == self._kind.end:
            yield from self.finish()

    def skip(self, num_chars: int) -> None:
        """Pass over so many characters, after a segment was completed and up to the end of another one."""
        self._open = Segment(self._open.offset + num_chars, "", Score())

    def finish(self) -> Iterator[Segment]:
        """Yield the last segment as far as it was read, unless it is empty."""
        begun = self._open
        if begun.score.num_chars:
            yield replace(begun, text=begun.text.rstrip(self._kind.separators))
        self._open = Segment(begun.offset + begun.length, "", Score())

    def _grown(self, part: Segment) -> Segment:
        begun = self._open
        return Segment(
            begun.offset,
            begun.text + part.text[: TEXT_CHARS - len(begun.text)],
            begun.score + part.score,
            begun.length + part.length,
            begun.bare_nats + part.bare_nats,
            begun.expected_nats + part.expected_nats,
            begun.entropy if begun.length else part.entropy,
        )


def _columns(text: str, surprisal: Surprisal) -> FloatArray:
    """Return for each character its nats, 0 for white space, and those that the model expected, (L, 2)."""
    bare = np.where(is_space(text), 0.0, surprisal.nats)
    return np.column_stack([bare, surprisal.foreseen_nats])
