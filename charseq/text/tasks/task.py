"""The contract of a task: a text of lines that is made on the spot, by a process that is known exactly."""

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, NamedTuple


class Number(NamedTuple):
    """The number in the name of a corpus, such as LAG in builtin:copy:LAG: its meaning and its bounds.

    A number without a `default` has to be given.
    """

    name: str
    meaning: str
    low: int
    high: int
    example: int
    default: int | None = None


class Task(ABC):
    """A task, an entry of TASKS: it makes lines, and knows how few bits a perfect model needs for them.

    Lines are independent of each other.
    """

    help: ClassVar[str]
    """The content of a line, in a few words."""
    number: ClassVar[Number | None] = None
    """The number in the name of the corpus, None if the name has none; `number` below is then 0."""
    data: ClassVar[Mapping[str, str]] = {"unit": "line"}
    """The settings of the section data with which it is learnt, unless others are given."""

    @abstractmethod
    def line(self, number: int, rng: random.Random) -> str:
        """Return a new line, with its newline; the same for the same random numbers."""

    @abstractmethod
    def optimum(self, number: int, counted: str) -> float | None:
        """Return the fewest bits per character that any model needs on average, None if that is not known.

        They are the entropy of the characters that are counted, given all characters before them in the
        line, divided by their number, both on average over all lines. `counted` is "all"; or "target", those
        after the `target_after` of `data`; or "last", the last one of each line. The newline always counts.
        """
