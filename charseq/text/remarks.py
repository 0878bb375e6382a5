"""Remarks on texts: things to know about them that are no errors, each said once and of few files by name."""

from collections.abc import Callable
from typing import TypeAlias

Note: TypeAlias = Callable[[str], None]
"""Is told one sentence."""

MAX_NAMED = 5
"""Files that a remark names."""


class Remarks:
    """Passes remarks on to `note`: those of one kind for the first five files, the others as a number."""

    def __init__(self, note: Note) -> None:
        self._note = note
        self._names: dict[str, list[str]] = {}

    def say(self, name: str, kind: str, sentence: str = "") -> None:
        """Say of the file `name` the `sentence`, of a `kind` that reads "has ..." and is said by default."""
        names = self._names.setdefault(kind, [])
        if name not in names:
            names.append(name)
            if len(names) <= MAX_NAMED:
                self._note(f"{name}: {sentence or kind}")

    def finish(self) -> None:
        """Say how many more files there were of each kind."""
        for kind, names in self._names.items():
            if (num_more := len(names) - MAX_NAMED) > 0:
                self._note(f"{num_more:,} more {'file' if num_more == 1 else 'files'}: {kind}")
        self._names.clear()

    def list_files(self, folder: str, files: list[str]) -> None:
        """Say which files were taken from a folder."""
        more = f" and {len(files) - MAX_NAMED:,} more" if len(files) > MAX_NAMED else ""
        number = f"{len(files):,} {'file' if len(files) == 1 else 'files'}"
        self.say(folder, f"the folder {folder}", f"{number}: {', '.join(files[:MAX_NAMED])}{more}")
