"""Strings that never appear: `sample.forbid`."""

from collections import deque
from collections.abc import Iterable
from typing import Self

from charseq.errors import ConfigError
from charseq.sampling.constraints.chars import Chars
from charseq.sampling.constraints.constraint import Constraint, Knowledge


class Forbid(Constraint):
    """None of some strings ends within the new text, also if it begins in the prompt.

    A state is a node of the automaton of Aho and Corasick 1975, "Efficient string matching": the longest
    suffix of what was read that begins a forbidden string.
    """

    name = "forbid"

    def __init__(self, strings: Iterable[str]) -> None:
        self._next, self._back = [dict[str, int]()], [0]
        completing = [set[str]()]  # the characters that complete a string at each node
        for string in strings:
            node = 0
            for char in string[:-1]:
                if char not in self._next[node]:
                    self._next[node][char] = len(self._next)
                    self._next.append({})
                    self._back.append(0)
                    completing.append(set())
                node = self._next[node][char]
            completing[node].add(string[-1])
        waiting = deque(self._next[0].values())
        while waiting:
            node = waiting.popleft()
            completing[node] |= completing[self._back[node]]
            for char, child in self._next[node].items():
                self._back[child] = self.after(self._back[node], char)
                waiting.append(child)
        self._chars = [Chars(frozenset(chars), others=True) for chars in completing]

    @classmethod
    def of(cls, value: tuple[str, ...], knowledge: Knowledge) -> Self:
        """Return the constraint. Raises ConfigError for an empty string, which is everywhere."""
        strings = [knowledge.codec.form.apply(string, "sample.forbid") for string in value]
        if not all(strings):
            raise ConfigError("sample.forbid: an empty string is in every text: leave it out")
        return cls(strings)

    def begin(self, prompt: str) -> int:
        """Return the node after the prompt."""
        node = 0
        for char in prompt:
            node = self.after(node, char)
        return node

    def after(self, state: int, char: str) -> int:
        """Return the node after another character."""
        while state and char not in self._next[state]:
            state = self._back[state]
        return self._next[state].get(char, 0)

    def chars(self, state: int, left: int) -> Chars:
        """Return all characters but those that complete a string."""
        return self._chars[state]
