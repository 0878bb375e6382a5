"""Files: names, writing so that a crash leaves the old content or the new, and where the cache is."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from charseq.errors import CharseqError, ConfigError
from charseq.limits import MAX_SMALL_BYTES

CACHE_VARIABLE = "CHARSEQ_CACHE_DIR"
"""The environment variable that names the directory of the cache; no setting, though it looks like one."""


def cache_directory() -> Path:
    """Return $CHARSEQ_CACHE_DIR if that is set, else $XDG_CACHE_HOME/charseq, else ~/.cache/charseq."""
    if named := os.environ.get(CACHE_VARIABLE):
        return Path(named)
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        return (base if base.is_absolute() else Path.home() / ".cache") / "charseq"
    except RuntimeError:
        raise ConfigError(f"there is no home directory for the cache; set {CACHE_VARIABLE}") from None


def exists(name: str) -> bool:
    """Say whether there is such a file or directory; names that nothing can have are not there."""
    try:
        return bool(name) and Path(name).exists()
    except (OSError, ValueError):
        return False


def is_file(path: Path) -> bool:
    """Say whether there is such a file; what may not be looked at is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def read_small(path: Path) -> str:
    """Return a UTF-8 file that people write by hand. Raises OSError, or ValueError where it is none."""
    with path.open("rb") as file:
        content = file.read(MAX_SMALL_BYTES + 1)
    if len(content) > MAX_SMALL_BYTES:
        raise ValueError(f"larger than {MAX_SMALL_BYTES:,} bytes")
    return content.decode("utf-8")


def write_atomically(path: Path, content: bytes) -> None:
    """Write a temporary file beside `path`, flush it to the disk, and rename it over `path`.

    Raises CharseqError where that cannot be done; the old file is then still there.
    """
    with _draft_of(path) as file:
        file.write(content)
        publish(file, path)


def check_writable(path: Path) -> None:
    """Raise what `write_atomically` would raise, before there is anything to write."""
    with _draft_of(path):
        pass


@contextmanager
def _draft_of(path: Path) -> Iterator[BinaryIO]:
    try:
        with draft(path.with_name(f".{path.name}.{os.getpid()}.tmp")) as file:
            yield file
    except OSError as error:
        raise CharseqError(f"{path}: cannot be written: {error.strerror}") from None
    except ValueError:
        raise ConfigError(f"{path}: not the name of a file") from None


def sweep(directory: Path) -> None:
    """Remove what is left of writing that was cut off by a kill, where nobody else writes."""
    for path in directory.glob(".*.tmp"):
        with suppress(OSError):
            path.unlink()


@contextmanager
def draft(temporary: Path) -> Iterator[BinaryIO]:
    """Open a new file to write and read; at the end of the block it is gone, unless it was published."""
    file = temporary.open("w+b")
    try:
        yield file
    finally:
        with suppress(OSError):  # a full disk may refuse what is left in the buffer once more
            file.close()
        with suppress(OSError):
            temporary.unlink()


def publish(file: BinaryIO, path: Path) -> None:
    """Flush a draft to the disk, close it, and rename it over `path`, in the same directory."""
    file.flush()
    os.fsync(file.fileno())
    file.close()
    Path(file.name).replace(path)
    with suppress(OSError):  # not every system can flush a directory
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
