"""Texts that a regular expression matches: `sample.match`."""

import sys
from typing import Self

from charseq.errors import ConfigError
from charseq.sampling.constraints.chars import Chars
from charseq.sampling.constraints.constraint import Constraint, Knowledge
from charseq.sampling.constraints.pattern import NEVER, Pattern, States

MANY = 1 << 17
"""The size of an alphabet from which on it is all of Unicode."""


class Match(Constraint):
    """The whole new text, from its first character to its last, is matched by a regular expression."""

    name = "match"
    needs_end = True

    def __init__(self, pattern: Pattern) -> None:
        self._pattern = pattern

    @classmethod
    def of(cls, value: str, knowledge: Knowledge) -> Self:
        """Return the constraint. Raises ConfigError for an expression that is wrong or matches nothing."""
        tokenizer, end = knowledge.codec.tokenizer, knowledge.codec.end
        num_writable = len(tokenizer.alphabet) - (end is not None)

        def writable(chars: Chars) -> bool:
            if not chars.others:
                return any(char != end and tokenizer.place(char) is not None for char in chars.listed)
            listed = sum(char != end and tokenizer.place(char) is not None for char in chars.listed)
            return listed < num_writable

        is_small = len(tokenizer.alphabet) < MANY
        every = tokenizer.alphabet if is_small else map(chr, range(sys.maxunicode + 1))
        pattern = Pattern(value, "".join(every), writable)
        if pattern.distance(pattern.begin) == NEVER:
            raise ConfigError(f"sample.match = {value!r}: matches no text of the model's characters")
        return cls(pattern)

    def begin(self, prompt: str) -> States:
        """Return the states before the first new character: the prompt is not matched."""
        return self._pattern.begin

    def after(self, state: States, char: str) -> States:
        """Return the states after another character."""
        return self._pattern.after(state, char)

    def chars(self, state: States, left: int) -> Chars:
        """Return the characters after which the rest still has room."""
        return self._pattern.chars(state, left)

    def may_end(self, state: States) -> bool:
        """Return whether the text so far is matched."""
        return self._pattern.accepts(state)
