"""The end of a text: before the first of some strings, at the end of its sequence, or at its length."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

Reason = Literal["length", "stop", "end"]
"""The reason for which a text ended: its length, a string to stop at, or the end of its line or document."""


class Ending:
    """Watches the characters of one text and tells where it ends.

    A string to stop at ends the text also if it began in what was written `before`, the prompt. A possible
    beginning of such a string is held back until it is known to be none.
    """

    def __init__(self, stops: Sequence[str], end: str | None, length: int, *, before: str = "") -> None:
        self._stops, self._end, self._num_left = tuple(stops), end, length
        self._held = before[len(before) - _begun(before, stops) :]
        self._num_before = len(self._held)
        self.reason: Reason | None = None if length else "length"
        self.stop = ""
        """The string that ended the text, "" if none did."""

    def add(self, char: str) -> str:
        """Take one more character; return those that now belong to the text, and set `reason` if it ended."""
        self._num_left -= 1
        if char == self._end:
            self.reason = "end"
            return self._release(len(self._held))
        if not self._stops:
            if not self._num_left:
                self.reason = "length"
            return char
        self._held += char
        complete = [stop for stop in self._stops if self._held.endswith(stop)]
        if complete:
            self.reason, self.stop = "stop", max(complete, key=len)
            return self._release(len(self._held) - len(self.stop))
        if not self._num_left:
            self.reason = "length"
            return self._release(len(self._held))
        return self._release(len(self._held) - _begun(self._held, self._stops))

    @property
    def new_stop(self) -> str:
        """The string that ended the text, without what of it is the end of the prompt."""
        return self._held[self._num_before :] if self.stop else ""

    def _release(self, num_chars: int) -> str:
        """Return the first of the held characters, without those of the prompt."""
        released, self._held = self._held[self._num_before : num_chars], self._held[num_chars:]
        self._num_before = max(0, self._num_before - num_chars)
        return released


def until(characters: Iterable[str], stops: Sequence[str]) -> Iterator[str]:
    """Yield `characters` before the first of `stops`; a possible beginning of a stop is held back.

    No piece is empty.
    """
    ending, held = Ending(stops, None, -1), ""
    for char in characters:
        held += char
        released = ending.add(char)
        if released:
            yield released
            held = held[len(released) :]
        if ending.reason:
            return
    if held:
        yield held


def _begun(text: str, stops: Sequence[str]) -> int:
    """Return the length of the longest end of `text` with which one of `stops` begins, but not ends."""
    return max((_overlap(text, stop) for stop in stops), default=0)


def _overlap(text: str, stop: str) -> int:
    """Return the length of the longest suffix of `text` that is a prefix of `stop`, and not all of it."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:n])), 0)
