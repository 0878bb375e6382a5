"""A run directory belongs to one process at a time.

The lock is the operating system's own, on the directory itself: it goes with its process, however that ends,
so that none is ever stale. Where a system or a file system has no such locks there is none.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from charseq.errors import CharseqError, ConfigError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PATIENCE = 3.0
"""Seconds that the workers of a process that was killed may need to notice."""


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Keep other processes out of a directory that exists.

    Raises ConfigError when another process has it, CharseqError when it is not there.
    """
    if fcntl is None:
        yield
        return
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except OSError as error:
        raise CharseqError(f"{directory}: cannot be opened: {error.strerror}") from None
    try:
        _take(descriptor, directory)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, directory: Path) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise ConfigError(f"{directory}: another process is training in it") from None
            time.sleep(0.05)
        except OSError:  # this file system has no locks
            return
        else:
            return
