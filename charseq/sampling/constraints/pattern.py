"""Regular expressions as automata over the characters that a model can write.

The states are sets of the states of Thompson's automaton (Thompson 1968, "Regular expression search
algorithm"), made as they are met: their number does not explode, whatever the expression. The syntax is that
of Python's `re`, without what no automaton can do: references, looking ahead or back, word boundaries.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable
from functools import reduce
from importlib import import_module
from operator import or_
from typing import Any

from charseq.errors import ConfigError
from charseq.limits import MAX_PATTERN_STATES
from charseq.sampling.constraints.chars import ALL, NONE, Chars

NEVER = 1 << 60
"""The distance to acceptance where there is no way."""

MAX_KEPT = 1 << 21
"""The number of states, in all sets together, that are kept because they may be met again."""

States = frozenset[int]


class Pattern:
    """An automaton that accepts what a regular expression matches as a whole.

    `writable` says of a set of characters whether a model can write one of them; `alphabet` has them all.
    """

    def __init__(self, pattern: str, alphabet: str, writable: Callable[[Chars], bool]) -> None:
        builder = _Builder(pattern, alphabet)
        self._moves, self._silent, end = builder.moves, builder.silent, builder.end
        self._distances = self._all_distances(end, writable)
        self._end, self.begin = end, self._closed([0])
        far = [distance for distance in self._distances if distance < NEVER]
        self._farthest = max(far, default=0)
        self._chars: dict[tuple[States, int], Chars] = {}
        self._after: dict[tuple[States, str], States] = {}
        self._num_kept = 0

    def distance(self, states: States) -> int:
        """Return how many characters are at least needed to be accepted, NEVER if there is no way."""
        return min((self._distances[state] for state in states), default=NEVER)

    def accepts(self, states: States) -> bool:
        """Return whether the text may end here."""
        return self._end in states

    def chars(self, states: States, left: int) -> Chars:
        """Return the characters after which the text can still be completed with `left` characters in all."""
        key = states, min(left, self._farthest + 1)
        if key not in self._chars:
            moves = [self._moves[state] for state in states]
            possible = [move[0] for move in moves if move and self._distances[move[1]] < left]
            self._chars[key] = reduce(or_, possible, NONE)
        return self._chars[key]

    def after(self, states: States, char: str) -> States:
        """Return the states after another character."""
        key = states, char
        if key not in self._after:
            moves = [self._moves[state] for state in states]
            found = self._closed(move[1] for move in moves if move and char in move[0])
            self._num_kept += len(found)
            if self._num_kept > MAX_KEPT:
                self._chars.clear()
                self._after.clear()
                self._num_kept = len(found)
            self._after[key] = found
        return self._after[key]

    def _closed(self, states: Iterable[int]) -> States:
        """Return these states and those that are reached from them without a character, if they lead on."""
        found, waiting = set[int](), list(states)
        while waiting:
            state = waiting.pop()
            if state not in found and self._distances[state] < NEVER:
                found.add(state)
                waiting += self._silent[state]
        return frozenset(found)

    def _all_distances(self, end: int, writable: Callable[[Chars], bool]) -> list[int]:
        """Return for each state the distance to the end, by a search from there backwards."""
        before = [list[tuple[int, int]]() for _ in self._moves]
        possible = dict[Chars, bool]()
        for state, (move, silent) in enumerate(zip(self._moves, self._silent, strict=True)):
            for target in silent:
                before[target].append((state, 0))
            if move:
                if move[0] not in possible:
                    possible[move[0]] = writable(move[0])
                if possible[move[0]]:
                    before[move[1]].append((state, 1))
        distances = [NEVER] * len(before)
        distances[end], waiting = 0, deque([end])
        while waiting:
            target = waiting.popleft()
            for state, cost in before[target]:
                if distances[target] + cost < distances[state]:
                    distances[state] = distances[target] + cost
                    (waiting.append if cost else waiting.appendleft)(state)
        return distances


class _Builder:
    """Makes the states of an expression: each has one move by a character or any number of silent ones."""

    def __init__(self, pattern: str, alphabet: str) -> None:
        self._pattern, self._alphabet, self._categories = pattern, alphabet, dict[Any, Chars]()
        self.moves, self.silent = list[tuple[Chars, int] | None](), list[list[int]]()
        parser: Any = import_module(
            "re._parser"
        )  # of the standard library: its syntax is the one people know
        try:
            tree = parser.parse(pattern)
        except (re.error, RecursionError, OverflowError) as error:
            raise ConfigError(f"sample.match = {pattern!r}: not a regular expression: {error}") from None
        items = list(tree)
        while items and _is(items[0], "AT") and "BEGINNING" in str(items[0][1]):
            items.pop(0)
        while items and _is(items[-1], "AT") and "END" in str(items[-1][1]):
            items.pop()
        try:
            self.end = self._sequence(items, self._new(), tree.state.flags)
        except RecursionError:
            raise ConfigError(f"sample.match = {pattern!r}: too many groups in each other") from None

    def _new(self) -> int:
        if len(self.moves) >= MAX_PATTERN_STATES:
            raise ConfigError(
                f"sample.match = {self._pattern!r}: needs over {MAX_PATTERN_STATES:,} states: repeat less"
            )
        self.moves.append(None)
        self.silent.append([])
        return len(self.moves) - 1

    def _sequence(self, items: Iterable[Any], state: int, flags: int) -> int:
        """Add what matches `items` one after the other from `state` on; return the state behind it."""
        for name, value in items:
            state = self._item(str(name), value, state, flags)
        return state

    def _item(self, name: str, value: Any, state: int, flags: int) -> int:
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            least, most, items = value
            return self._repeated(least, most, items, state, flags)
        if name == "SUBPATTERN":
            _, added, removed, items = value
            return self._sequence(items, state, (flags | added) & ~removed)
        if name == "BRANCH":
            end = self._new()
            for items in value[1]:
                first = self._new()
                self.silent[state].append(first)
                self.silent[self._sequence(items, first, flags)].append(end)
            return end
        target = self._new()
        self.moves[state] = self._set(name, value, flags), target
        return target

    def _repeated(self, least: int, most: int, items: Any, state: int, flags: int) -> int:
        for _ in range(least):
            last, state = state, self._sequence(items, state, flags)
            if state == last:  # the repeated matches nothing but the empty text
                return state
        begin, end = self._new(), self._new()
        self.silent[state] += [begin, end]
        if str(most) == "MAXREPEAT":
            self.silent[self._sequence(items, begin, flags)] += [begin, end]
            return end
        for _ in range(most - least):
            following = self._new()
            self.silent[self._sequence(items, begin, flags)] += [following, end]
            begin = following
        return end

    def _set(self, name: str, value: Any, flags: int) -> Chars:
        """Return the characters that an item of a single character matches."""
        if name == "ANY":
            return ALL if flags & re.DOTALL else Chars(frozenset("\n"), others=True)
        if name == "LITERAL":
            return self._listed([chr(value)], flags)
        if name == "NOT_LITERAL":
            return ALL - self._listed([chr(value)], flags)
        if name == "RANGE":
            codes = range(value[0], value[1] + 1)
            if len(codes) < len(self._alphabet):
                return self._listed(map(chr, codes), flags)
            return self._listed((char for char in self._alphabet if ord(char) in codes), flags)
        if name == "CATEGORY":
            return self._category(str(value), flags)
        if name == "IN":
            negated = _is(value[0], "NEGATE")
            chars = reduce(or_, (self._set(str(kind), one, flags) for kind, one in value[negated:]), NONE)
            return ALL - chars if negated else chars
        raise ConfigError(
            f"sample.match = {self._pattern!r}: no automaton can do {name.lower().replace('_', ' ')}: "
            "use characters, classes, groups, | and repeats"
        )

    def _listed(self, chars: Iterable[str], flags: int) -> Chars:
        """Return these characters, with those of the other case if case is ignored."""
        listed = frozenset(chars)
        if flags & re.IGNORECASE:
            cases = {case for char in listed for case in (char.lower(), char.upper()) if len(case) == 1}
            listed |= cases
        return Chars(listed)

    def _category(self, name: str, flags: int) -> Chars:
        kind = name.removeprefix("CATEGORY_")
        letter = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}[kind.removeprefix("NOT_")]
        key = letter, flags & re.ASCII
        if key not in self._categories:
            found = re.findall(f"\\{letter}", self._alphabet, flags & re.ASCII)
            self._categories[key] = Chars(frozenset(found))
        chars = self._categories[key]
        return ALL - chars if kind.startswith("NOT_") else chars


def _is(item: Any, name: str) -> bool:
    """Return whether an item of a parsed expression is of this kind."""
    return str(item[0]) == name
