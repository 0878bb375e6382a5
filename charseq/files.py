"""Files: whether a name is one at all, and writing so that a crash leaves the old content or the new."""

import os
from contextlib import suppress
from pathlib import Path

from charseq.errors import CharseqError


def exists(name: str) -> bool:
    """Say whether there is such a file or directory; names that nothing can have are not there."""
    try:
        return bool(name) and Path(name).exists()
    except (OSError, ValueError):
        return False


def write_atomically(path: Path, content: bytes) -> None:
    """Write a temporary file beside `path`, flush it to the disk, and rename it over `path`.

    Raises CharseqError where that cannot be done; the old file is then still there.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise CharseqError(f"{path}: cannot be written: {error.strerror}") from None
    finally:
        with suppress(OSError):
            temporary.unlink()
    with suppress(OSError):  # not every system can flush a directory
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
