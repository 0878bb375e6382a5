"""Files: checks of names, atomic writing, which no crash can leave half done, and the cache directory."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from charseq.errors import CharseqError, ConfigError
from charseq.limits import MAX_SMALL_BYTES

CACHE_VARIABLE = "CHARSEQ_CACHE_DIR"
"""The environment variable with the directory of the cache; it is not a setting."""


def cache_directory() -> Path:
    """Return $CHARSEQ_CACHE_DIR if it is set, else $XDG_CACHE_HOME/charseq, else ~/.cache/charseq.

    Raises ConfigError if there is no home directory.
    """
    if named := os.environ.get(CACHE_VARIABLE):
        return Path(named)
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        return (base if base.is_absolute() else Path.home() / ".cache") / "charseq"
    except RuntimeError:
        raise ConfigError(f"there is no home directory for the cache; set {CACHE_VARIABLE}") from None


def exists(name: str) -> bool:
    """Return True if there is a file or directory `name`, False also for a name that no file can have."""
    try:
        return bool(name) and Path(name).exists()
    except (OSError, ValueError):
        return False


def is_file(path: Path) -> bool:
    """Return True if `path` is a file, False also if permissions forbid the check."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def read_small(path: Path) -> str:
    """Return the text of a small UTF-8 file.

    Raises OSError, or ValueError if it is too large or not UTF-8.
    """
    with path.open("rb") as file:
        content = file.read(MAX_SMALL_BYTES + 1)
    if len(content) > MAX_SMALL_BYTES:
        raise ValueError(f"larger than {MAX_SMALL_BYTES:,} bytes")
    return content.decode("utf-8")


def write_atomically(path: Path, content: bytes) -> None:
    """Write a temporary file beside `path`, flush it to the disk, and rename it over `path`.

    A device or a pipe, such as /dev/null, is written to and not replaced. Raises CharseqError if writing
    fails; the old file is then unchanged.
    """
    if _is_stream(path):
        with _errors_of(path), path.open("wb") as stream:
            stream.write(content)
        return
    with _draft_of(path) as file:
        file.write(content)
        publish(file, path)


def make_folder(path: Path) -> None:
    """Make a directory unless it is there. Raises CharseqError if it cannot be made."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise CharseqError(f"{path}: cannot be created: {getattr(error, 'strerror', error)}") from None


def check_writable(path: Path) -> None:
    """Raise the error that `write_atomically` would raise; `path` itself is not changed."""
    if not _is_stream(path):
        with _draft_of(path):
            pass


def _is_stream(path: Path) -> bool:
    try:
        return path.is_char_device() or path.is_fifo()
    except (OSError, ValueError):  # a name that no file can have
        return False


@contextmanager
def _draft_of(path: Path) -> Iterator[BinaryIO]:
    with _errors_of(path), draft(path.with_name(f".{path.name}.{os.getpid()}.tmp")) as file:
        yield file


@contextmanager
def _errors_of(path: Path) -> Iterator[None]:
    """Raise the errors of writing to `path` as CharseqError."""
    try:
        yield
    except OSError as error:
        raise CharseqError(f"{path}: cannot be written: {error.strerror}") from None
    except ValueError:
        raise ConfigError(f"{path}: not the name of a file") from None


def sweep(directory: Path) -> None:
    """Remove the temporary files of killed processes in `directory`, where no process may be writing."""
    for path in directory.glob(".*.tmp"):
        with suppress(OSError):
            path.unlink()


@contextmanager
def draft(temporary: Path) -> Iterator[BinaryIO]:
    """Open a new temporary file to write and read; it is removed at the end of the block unless published."""
    file = temporary.open("w+b")
    try:
        yield file
    finally:
        with suppress(OSError):  # closing writes the rest of the buffer, which fails again on a full disk
            file.close()
        with suppress(OSError):
            temporary.unlink()


def publish(file: BinaryIO, path: Path) -> None:
    """Flush the draft `file` to the disk, close it, and rename it to `path`, in the same directory."""
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
