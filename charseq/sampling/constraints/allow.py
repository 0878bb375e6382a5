"""No characters but some: `sample.allow`."""

from typing import Any, Self

from charseq.errors import ConfigError
from charseq.sampling.constraints.chars import Chars
from charseq.sampling.constraints.constraint import Constraint, Knowledge
from charseq.text.tokenizers.tokenizer import UNSEEN


class Allow(Constraint):
    """A text has no characters but these."""

    name = "allow"

    def __init__(self, allowed: str) -> None:
        self._chars = Chars(frozenset(allowed))

    @classmethod
    def of(cls, value: str, knowledge: Knowledge) -> Self:
        """Return the constraint. Raises ConfigError if the model can write none of the characters."""
        allowed = knowledge.codec.form.apply(value, "sample.allow")
        if all(knowledge.codec.tokenizer.spell(char) == (UNSEEN,) for char in allowed):
            raise ConfigError(f"sample.allow = {value!r}: the model knows none of these characters")
        return cls(allowed)

    def begin(self, prompt: str) -> None:
        """Return nothing: every place is like any other."""

    def after(self, state: Any, char: str) -> None:
        """Return nothing."""

    def chars(self, state: Any, left: int) -> Chars:
        """Return the allowed characters."""
        return self._chars
