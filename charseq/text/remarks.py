"""Remarks on texts: facts that the user should know but that are not errors, each reported once per file."""

from collections.abc import Callable
from typing import TypeAlias

Note: TypeAlias = Callable[[str], None]
"""A function that is called with one sentence."""

MAX_NAMED = 5
"""The most files that are named for a kind of remark."""


class Remarks:
    """The remarks on several files, passed to `note`.

    For each kind of remark, the first MAX_NAMED files are named; the others are only counted.
    """

    def __init__(self, note: Note) -> None:
        self._note = note
        self._names: dict[str, list[str]] = {}

    def say(self, name: str, kind: str, sentence: str = "") -> None:
        """Remark once on the file `name`: `sentence`, by default `kind`, a phrase such as "has ..."."""
        names = self._names.setdefault(kind, [])
        if name not in names:
            names.append(name)
            if len(names) <= MAX_NAMED:
                self._note(f"{name}: {sentence or kind}")

    def finish(self) -> None:
        """Report the number of further files for each kind of remark."""
        for kind, names in self._names.items():
            if (num_more := len(names) - MAX_NAMED) > 0:
                self._note(f"{num_more:,} more {'file' if num_more == 1 else 'files'}: {kind}")
        self._names.clear()

    def list_files(self, folder: str, files: list[str]) -> None:
        """Report the files that were read from a folder."""
        more = f" and {len(files) - MAX_NAMED:,} more" if len(files) > MAX_NAMED else ""
        number = f"{len(files):,} {'file' if len(files) == 1 else 'files'}"
        self.say(folder, f"the folder {folder}", f"{number}: {', '.join(files[:MAX_NAMED])}{more}")
