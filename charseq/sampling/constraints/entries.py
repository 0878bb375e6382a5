"""A sorted list of strings that is searched character by character."""

from bisect import bisect_left, insort
from collections.abc import Iterable

Place = tuple[int, str] | None
"""A string, read so far, that begins some entries, and the first of them; None if it begins none."""


class Entries:
    """Different strings in order."""

    def __init__(self, strings: Iterable[str] = ()) -> None:
        self._strings = sorted(set(strings))

    def add(self, string: str) -> None:
        """Add another string."""
        if not self.has(self.place(string)):
            insort(self._strings, string)

    def place(self, string: str) -> Place:
        """Return the place of a string."""
        first = bisect_left(self._strings, string)
        begins = first < len(self._strings) and self._strings[first].startswith(string)
        return (first, string) if begins else None

    def after(self, place: Place, char: str) -> Place:
        """Return the place of a string that is longer by a character."""
        if place is None:
            return None
        first, string = place[0], place[1] + char
        first = bisect_left(self._strings, string, first)
        begins = first < len(self._strings) and self._strings[first].startswith(string)
        return (first, string) if begins else None

    def has(self, place: Place) -> bool:
        """Return whether the string at this place is an entry."""
        return place is not None and self._strings[place[0]] == place[1]
