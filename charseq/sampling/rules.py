"""A constraint and the stops that end a text: which character may come next, and where the text may end."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from charseq.sampling.constraints.chars import NONE, Chars
from charseq.sampling.constraints.constraint import Constraint

BROKEN = object()
"""The state of a constraint that is broken, which only what becomes a stop may do."""


class Place(NamedTuple):
    """A place in a text: its last characters, and the constraint's states before, between and after them.

    They are as many as may belong to a stop that has begun. `chars` may follow as text.
    """

    tail: str
    states: tuple[Any, ...]
    chars: Chars


class Rules:
    """A constraint on texts that end before the first of `stops`, or when they have their full length."""

    def __init__(self, constraint: Constraint, stops: Sequence[str]) -> None:
        self.constraint, self.stops = constraint, sorted(stops, key=len)
        self._num_held = max(map(len, stops), default=1) - 1

    def begin(self, prompt: str, left: int) -> Place:
        """Return the place after a prompt, before the first of `left` new characters.

        A stop may begin in the prompt. Then the text that it ends is empty.
        """
        state, tail = self.constraint.begin(prompt), prompt[max(0, len(prompt) - self._num_held) :]
        chars = self.constraint.chars(state, left) if left else NONE
        return Place(tail, (state,) * (len(tail) + 1), chars)

    def chars(self, place: Place, left: int) -> Chars:
        """Return the characters that may follow: as text, or on the way to a stop at which it may end."""
        tail, states, chars = place
        if not self.stops:
            return chars
        going, ending, broken = set[str](), set[str](), set[str]()
        for stop in self.stops:
            for num in range(min(len(tail), len(stop) - 1) + 1):
                if not tail.endswith(stop[:num]):
                    continue
                may_end, missing = self._may_end(states[-1 - num]), len(stop) - num
                if missing > 1:
                    if may_end and missing <= left:
                        going.add(stop[num])
                else:  # the longest stop is what is removed; the stops are in this order
                    (ending if may_end else broken).add(stop[num])
                    (broken if may_end else ending).discard(stop[num])
        chars = chars | Chars(frozenset(going)) if going else chars
        chars = chars - Chars(frozenset(broken)) if broken else chars
        return chars | Chars(frozenset(ending)) if ending else chars

    def after(self, place: Place, char: str, left: int) -> Place:
        """Return the place after another character, with room for `left` more."""
        tail, states, chars = place
        state = self.constraint.after(states[-1], char) if char in chars else BROKEN
        chars = NONE if state is BROKEN or not left else self.constraint.chars(state, left)
        if not self._num_held:
            return Place("", (state,), chars)
        return Place((tail + char)[-self._num_held :], (*states[-self._num_held :], state), chars)

    def may_be_cut(self, place: Place) -> bool:
        """Return whether the text may end here without a stop."""
        return self._may_end(place.states[-1])

    def _may_end(self, state: Any) -> bool:
        return state is not BROKEN and self.constraint.may_end(state)
