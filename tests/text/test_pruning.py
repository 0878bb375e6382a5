"""The cache prunes itself."""

import os
import time
from pathlib import Path

from charseq.text.pruning import Pruned, prune, prune_all


def make(folder: Path, name: str, *, days: float, size: int = 10) -> None:
    """Write a file that was last used so many days ago."""
    (folder / name).write_bytes(bytes(size))
    then = time.time() - days * 86_400
    os.utime(folder / name, (then, then))


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_old_and_unfinished_files_are_removed(tmp_path: Path) -> None:
    """A text goes after 30 days without use, a draft after one; other files are not touched."""
    for name, days in (("a.symbols", 29), ("b.symbols", 31), (".c.tmp", 0.5), (".d.tmp", 2), ("notes", 99)):
        make(tmp_path, name, days=days)
    assert prune(tmp_path) == Pruned(2, 20)
    assert names_in(tmp_path) == [".c.tmp", "a.symbols", "notes"]


def test_the_files_used_longest_ago_go_first(tmp_path: Path) -> None:
    """The cache keeps the latest files that fit into its size."""
    for number in range(5):
        make(tmp_path, f"{number}.symbols", days=number)
    assert prune(tmp_path, max_bytes=30) == Pruned(2, 20)
    assert names_in(tmp_path) == ["0.symbols", "1.symbols", "2.symbols"]


def test_all_texts_can_be_removed(tmp_path: Path) -> None:
    """A draft that may be written right now stays."""
    make(tmp_path, "a.symbols", days=0)
    make(tmp_path, ".b.tmp", days=0)
    assert prune_all(tmp_path) == Pruned(1, 10)
    assert names_in(tmp_path) == [".b.tmp"]
    assert prune_all(tmp_path / "none") == Pruned()
