"""No text twice: `sample.unique`."""

from typing import Self

from charseq.sampling.constraints.chars import ALL, Chars
from charseq.sampling.constraints.constraint import Constraint, Knowledge
from charseq.sampling.constraints.entries import Entries, Place


class Unique(Constraint):
    """A text is none of those that were written before it."""

    name = "unique"

    def __init__(self) -> None:
        self._written = Entries()

    @classmethod
    def of(cls, value: bool, knowledge: Knowledge) -> Self:
        """Return the constraint, for as many texts as are written together."""
        return cls()

    def begin(self, prompt: str) -> Place:
        """Return the place of an empty text: only new characters are compared."""
        return self._written.place("")

    def after(self, state: Place, char: str) -> Place:
        """Return the place among the texts that begin in the same way."""
        return self._written.after(state, char)

    def chars(self, state: Place, left: int) -> Chars:
        """Return all characters."""
        return ALL

    def may_end(self, state: Place) -> bool:
        """Return whether no text was like this one."""
        return not self._written.has(state)

    def note(self, text: str) -> None:
        """Remember a text."""
        self._written.add(text)
