"""A text cut into words or lines as it is read, each with its score."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from charseq.analysis.sums import scores_of_parts
from charseq.arrays import BoolArray
from charseq.scoring import Score, Surprisal
from charseq.text.tokenizers.tokenizer import code_points

TEXT_CHARS = 4096
"""The text of a longer segment is cut to so many characters; its figures are those of all of it."""
SPACES = np.array([ord(char) for char in map(chr, range(0x3001)) if char.isspace()], np.uint32)


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a text: its beginning in characters, its text without what separates it, its score."""

    offset: int
    text: str
    score: Score


def is_space(text: str) -> BoolArray:
    """Return which characters separate words, as `str.split` sees it."""
    return np.isin(code_points(text), SPACES)


def word_starts(text: str, after: str) -> BoolArray:
    """Return where words begin in `text`, which continues `after`: what is not space and follows space."""
    space = is_space(after[-1:] + text)
    if not after:
        space = np.concatenate([[True], space])
    starts: BoolArray = space[:-1] & ~space[1:]
    return starts


def line_starts(text: str, after: str) -> BoolArray:
    r"""Return where lines begin in `text`, which continues `after`: after \n, or after a \r without a \n."""
    codes = code_points((after[-1:] or "\n") + text)
    starts: BoolArray = (codes[:-1] == ord("\n")) | ((codes[:-1] == ord("\r")) & (codes[1:] != ord("\n")))
    return starts


STARTS: Mapping[str, Callable[[str, str], BoolArray]] = {"word": word_starts, "line": line_starts}
"""The parts that a text can be cut into. The space after a word belongs to it, as the newline to a line."""


class Segments:
    """Cuts a text, piece by piece, into the segments of `kind`, a key of STARTS."""

    def __init__(self, kind: str) -> None:
        self._kind, self._starts = kind, STARTS[kind]
        self._after, self._offset = "", 0
        self._open = Segment(0, "", Score())

    def add(self, text: str, surprisal: Surprisal) -> Iterator[Segment]:
        """Yield the segments that this piece completes."""
        if not text:
            return
        cuts = np.flatnonzero(self._starts(text, self._after)).tolist()
        continues = cuts[:1] != [0]
        begins = [0, *cuts] if continues else cuts
        parts = zip(begins, [*begins[1:], len(text)], scores_of_parts(surprisal, begins), strict=True)
        for begin, end, score in parts:
            if begin or not continues:
                yield from self.finish()
            self._open = self._grown(text[begin:end], score)
        self._after = text[-1]
        if self._kind == "line" and self._after == "\n":  # whatever comes next begins a line
            yield from self.finish()

    def finish(self) -> Iterator[Segment]:
        """Yield the last segment as far as it has been read, if anything has."""
        begun = self._open
        if begun.score.num_chars:
            yield replace(begun, text=begun.text.rstrip("\r\n" if self._kind == "line" else None))
        self._open = Segment(begun.offset + begun.score.num_chars, "", Score())

    def _grown(self, text: str, score: Score) -> Segment:
        begun = self._open
        return Segment(begun.offset, begun.text + text[: TEXT_CHARS - len(begun.text)], begun.score + score)
