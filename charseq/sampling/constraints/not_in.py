"""None of the lines of a file: `sample.not_in`."""

from typing import Self

from charseq.sampling.constraints.chars import ALL, Chars
from charseq.sampling.constraints.constraint import Constraint, Knowledge
from charseq.sampling.constraints.entries import Entries, Place
from charseq.text.corpus import read_corpus
from charseq.text.encodings import SourceFormat
from charseq.text.lines import NEWLINE


class NotIn(Constraint):
    """No line that is written, with what the prompt has of it, is one of `lines`; empty lines may be."""

    name = "not_in"

    def __init__(self, lines: list[str]) -> None:
        self._lines = Entries(line for line in lines if line)

    @classmethod
    def of(cls, value: str, knowledge: Knowledge) -> Self:
        """Return the constraint of a file. Raises ConfigError or DataError if it cannot be read."""
        read = read_corpus((value,), how=SourceFormat(form=knowledge.codec.form))
        return cls(read.text.split(NEWLINE))

    def begin(self, prompt: str) -> Place:
        """Return the place of the last line of the prompt."""
        return self._lines.place(prompt.rpartition(NEWLINE)[2])

    def after(self, state: Place, char: str) -> Place:
        """Return the place of the line so far; after a newline that of a new line."""
        return self._lines.place("") if char == NEWLINE else self._lines.after(state, char)

    def chars(self, state: Place, left: int) -> Chars:
        """Return all characters, without the newline where it would complete a line of the file."""
        return Chars(frozenset(NEWLINE), others=True) if self._lines.has(state) else ALL

    def may_end(self, state: Place) -> bool:
        """Return whether the line so far is none of the file."""
        return not self._lines.has(state)
