"""The facts of a corpus that matter before a training: sizes, alphabet, lines, and what looks wrong."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from charseq.errors import DataError
from charseq.text.corpus import Corpus, iter_texts
from charseq.text.encodings import SourceFormat
from charseq.text.sortedness import are_sorted
from charseq.text.symbols import EncodedText
from charseq.text.tasks import MadeText

RARE_COUNT = 5
"""A character that occurs fewer times is rare: hardly anything can be learnt about it."""
LINES_CHARS = 1 << 26
"""The characters at the beginning of a text in which duplicate lines are counted, in bounded memory."""
NEWLINE = "\n"


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a text: how many, how long, and of what kinds.

    `longest` and `longest_number` are the length in characters and the number, from 1, of the longest one.
    `num_duplicates` counts those that occurred before in the beginning of LINES_CHARS characters.
    """

    number: int
    longest: int
    longest_number: int
    num_empty: int
    num_indented: int
    num_duplicates: int
    is_sorted: bool

    @classmethod
    def of(cls, text: EncodedText) -> "Lines":
        """Return the lines of a text; the last one need not end with a newline."""
        ends = text.places(NEWLINE)
        if len(text) and (not len(ends) or ends[-1] != len(text) - 1):
            ends = np.append(ends, len(text))
        lengths = np.diff(ends, prepend=-1) - 1
        longest = int(lengths.argmax()) if len(lengths) else 0
        seen, num_duplicates, num_indented = set[int](), 0, 0
        for line in _lines(text[:LINES_CHARS]):
            num_indented += line[:1] in (" ", "\t")
            num_duplicates += bool(line) and hash(line) in seen
            seen.add(hash(line))
        return cls(
            number=len(lengths),
            longest=int(lengths[longest]) if len(lengths) else 0,
            longest_number=longest + 1,
            num_empty=int((lengths == 0).sum()),
            num_indented=num_indented,
            num_duplicates=num_duplicates,
            is_sorted=are_sorted(text),
        )


@dataclass(frozen=True, slots=True)
class CorpusFacts:
    """The facts of a corpus. `counts` has the number of times that each character occurs.

    `line_ends` is "LF", "CR LF", "CR", "mixed" or "none"; `remarks` are sentences about marks, bad bytes with
    their places, and files.
    """

    corpus: Corpus
    counts: dict[str, int]
    lines: Lines
    line_ends: str
    remarks: tuple[str, ...]

    @classmethod
    def of(cls, corpus: Corpus, how: SourceFormat) -> "CorpusFacts":
        """Examine a corpus that was read in the format `how`. Raises DataError if it is empty."""
        text, remarks = corpus.encoded, corpus.notes
        if not len(text):
            raise DataError(f"{', '.join(corpus.sources)}: empty: there is nothing to examine")
        counts = text.counts()
        if "\ufffd" in counts and "-" not in corpus.sources:
            remarks += tuple(_complaints(corpus.sources, how))
        return cls(corpus, counts, Lines.of(text), _line_ends(text), remarks)

    @property
    def made(self) -> MadeText | None:
        """The text of a task if this is one, else None."""
        return MadeText.of(self.corpus.sources[0]) if len(self.corpus.sources) == 1 else None

    @property
    def task(self) -> str | None:
        """The content of a line, in a few words, if this is the text of a task; else None."""
        return self.made and self.made.about

    @property
    def optimum(self) -> float | None:
        """The fewest bits per character that a model needs for the text of a task, else None."""
        return self.made and self.made.own_optimum

    @property
    def num_chars(self) -> int:
        """The number of characters."""
        return len(self.corpus.encoded)

    @property
    def alphabet(self) -> str:
        """The different characters, the most frequent first."""
        return "".join(sorted(self.counts, key=lambda char: (-self.counts[char], char)))

    @property
    def rare(self) -> str:
        """The characters that occur fewer than RARE_COUNT times, the rarest first."""
        rare = (char for char, count in self.counts.items() if count < RARE_COUNT)
        return "".join(sorted(rare, key=lambda char: (self.counts[char], char)))

    def share(self, first: str, last: str) -> float:
        """Return the share of the characters from `first` to `last` in the text."""
        return sum(count for char, count in self.counts.items() if first <= char <= last) / self.num_chars


def _complaints(sources: tuple[str, ...], how: SourceFormat) -> Iterator[str]:
    """Yield for each source the error that its strict reading gives: it may name the encoding."""
    for source in sources:
        try:
            for _, pieces in iter_texts(source, how=replace(how, errors="strict")):
                for _ in pieces:
                    pass
        except DataError as error:
            yield str(error)


def _lines(text: EncodedText) -> Iterator[str]:
    rest = ""
    for piece in text.strings():
        *whole, rest = (rest + piece).split(NEWLINE)
        yield from whole
    if rest:
        yield rest


def _line_ends(text: EncodedText) -> str:
    newlines, returns = text.places(NEWLINE), text.places("\r")
    both = int(np.isin(returns + 1, newlines).sum())
    kinds = {"CR LF": both, "LF": len(newlines) - both, "CR": len(returns) - both}
    found = [kind for kind, number in kinds.items() if number]
    return found[0] if len(found) == 1 else "mixed" if found else "none"
