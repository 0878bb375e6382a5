"""The lock of a run directory, which belongs to one process at a time.

It is a lock of the operating system on the directory itself. It ends with its process, however that ends, so
no stale lock can be left behind. On systems and file systems without such locks nothing is locked.
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
"""Seconds to wait: the workers of a killed process need some time to notice and to end."""


class DirectoryLock:
    """Keeps other processes out of a directory, from `take` to `release`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._descriptor: int | None = None

    def take(self) -> None:
        """Lock the directory, which must exist; a lock taken before is released first.

        Raises ConfigError if another process has the lock, CharseqError if the directory cannot be opened.
        """
        self.release()
        if fcntl is None:
            return
        try:
            self._descriptor = os.open(self.directory, os.O_RDONLY)
        except OSError as error:
            raise CharseqError(f"{self.directory}: cannot be opened: {error.strerror}") from None
        try:
            self._wait_for(self._descriptor)
        except ConfigError:
            self.release()
            raise

    def release(self) -> None:
        """Release the lock, if it was taken."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def is_there(self) -> bool:
        """Say whether the directory still exists. Raises CharseqError if another one has taken its place."""
        try:
            now = self.directory.stat()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise CharseqError(f"{self.directory}: cannot be opened: {error.strerror}") from None
        if self._descriptor is not None and not os.path.samestat(now, os.fstat(self._descriptor)):
            raise CharseqError(f"{self.directory}: another directory has taken its place")
        return True

    def _wait_for(self, descriptor: int) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise ConfigError(f"{self.directory}: another process is training in it") from None
                time.sleep(0.05)
            except OSError:  # this file system has no locks
                return
            else:
                return


@contextmanager
def locked(directory: Path) -> Iterator[DirectoryLock]:
    """Keep other processes out of a directory within the block. Errors as in `DirectoryLock.take`."""
    lock = DirectoryLock(directory)
    lock.take()
    try:
        yield lock
    finally:
        lock.release()
