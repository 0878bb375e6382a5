"""The base class of constraints: an automaton that reads a text and says which characters may follow."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from charseq.sampling.constraints.chars import Chars
from charseq.text.codec import Codec


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The codec of a model and its training text, which a constraint may need to know.

    `training_text` raises DataError or ConfigError if that text is gone.
    """

    codec: Codec
    training_text: Callable[[], str]


class Constraint(ABC):
    """A constraint on a text; its states are values that are never changed.

    The engine asks `chars` before each character, and `may_end` where a text ends. What ends it, a stop or
    the end of a line, is no part of the text.
    """

    name: ClassVar[str]
    """The name of its setting, and of its entry in CONSTRAINTS."""
    needs_end: ClassVar[bool] = False
    """True if it makes sense only for texts that end: lines, documents, and those with a stop."""

    @classmethod
    @abstractmethod
    def of(cls, value: Any, knowledge: Knowledge) -> Self:
        """Return the constraint that a setting asks for. Raises ConfigError or DataError if none can be."""

    @abstractmethod
    def begin(self, prompt: str) -> Any:
        """Return the state after a prompt, in the form of the model, before the first new character."""

    @abstractmethod
    def after(self, state: Any, char: str) -> Any:
        """Return the state after another character, one of those that `chars` allows."""

    @abstractmethod
    def chars(self, state: Any, left: int) -> Chars:
        """Return the characters that may follow if the text has room for `left` more, at least 1."""

    def may_end(self, state: Any) -> bool:
        """Return whether the text may end in this state."""
        return True

    def note(self, text: str) -> None:  # noqa: B027 - most constraints need not know
        """Take note of a text that is finished, before another one begins."""
