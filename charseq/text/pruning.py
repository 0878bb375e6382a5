"""Files of the cache that are removed: old ones, those beyond a total size, and unfinished ones."""

import math
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

STALE_SECONDS = 86_400.0
"""The age at which an unfinished file must be from a killed process."""
OLD_SECONDS = 30 * 86_400.0
"""The time after its last use at which a file is removed."""
MAX_CACHE_BYTES = 20_000_000_000
"""The most bytes that the cache keeps; the files that were used longest ago go first."""


class Pruned(NamedTuple):
    """The number of files that were removed, and their bytes."""

    num_files: int = 0
    num_bytes: int = 0


def prune(directory: Path, *, old_seconds: float = OLD_SECONDS, max_bytes: float = MAX_CACHE_BYTES) -> Pruned:
    """Remove files of the cache by age and size; files in use stay readable, except on Windows."""
    removed, total, now = Pruned(), 0, time.time()
    for path, status in sorted(_files(directory), key=lambda file: -file[1].st_mtime):
        is_draft, age = path.name.startswith("."), now - status.st_mtime
        total += 0 if is_draft else status.st_size
        if age >= (STALE_SECONDS if is_draft else old_seconds) or (not is_draft and total > max_bytes):
            with suppress(OSError):
                path.unlink()
                removed = Pruned(removed.num_files + 1, removed.num_bytes + status.st_size)
    return removed


def prune_all(directory: Path) -> Pruned:
    """Remove all encoded texts from the cache."""
    return prune(directory, old_seconds=-math.inf)


def _files(directory: Path) -> list[tuple[Path, os.stat_result]]:
    found = list[tuple[Path, os.stat_result]]()
    for pattern in ("*.symbols", ".*.tmp"):
        for path in directory.glob(pattern):
            with suppress(OSError):
                found.append((path, path.stat()))
    return found
