"""The sources of a text: files, directories, packed files, standard input, and the built-in corpora."""

import bz2
import gzip
import lzma
import math
import os
import select
import stat
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, BinaryIO, cast

from charseq.errors import ConfigError, DataError
from charseq.files import exists
from charseq.limits import MAX_DEVICE_BYTES, MAX_PACKED_RATIO
from charseq.text.builtin import builtin_bytes, check_builtin
from charseq.text.decoding import Source
from charseq.text.remarks import Remarks
from charseq.text.sniffing import STANDARD_INPUT

CHUNK_BYTES = 1 << 16
LARGE_BYTES = 1 << 25
"""The size in bytes from which a corpus is large: it goes into the cache, and progress is shown."""

PACKED: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
"""The functions that open packed files, by the ends of their names."""


def size_of(sources: tuple[str, ...], include: tuple[str, ...] = ()) -> int | None:
    """Return the total size of `sources` in bytes, None if it is unknown before they are read."""
    return size_of_files(files_of_all(sources, include))


def size_of_files(files: list[Path]) -> int | None:
    """Return the total size of `files`, None if there are none or one is packed."""
    if not files or any(path.suffix in PACKED for path in files):
        return None
    return sum(path.stat().st_size for path in files)


def files_of_all(sources: tuple[str, ...], include: tuple[str, ...] = ()) -> list[Path]:
    """Return the files of `sources` if all are regular files, which can be read twice; else an empty list."""
    if any(source == "-" or source.startswith("builtin:") or not exists(source) for source in sources):
        return []
    files = [file for source in sources for file in _files(Path(source), include)]
    return files if all(file.is_file() for file in files) else []


def open_source(
    source: str,
    chunk_bytes: int | None = None,
    *,
    include: tuple[str, ...] = (),
    remarks: Remarks | None = None,
) -> Iterator[Source]:
    """Yield the bytes of each file of `source`, `chunk_bytes` at a time, by default CHUNK_BYTES.

    Of a directory the files whose name or path in it fits one of `include` are read, by default all.
    """
    check_source(source)
    chunk_bytes = chunk_bytes or CHUNK_BYTES
    if source == "-":
        if sys.stdin is None:
            raise DataError(f"{STANDARD_INPUT}: is closed")
        chunks = _chunks(sys.stdin.buffer, STANDARD_INPUT, chunk_bytes)
        yield Source(STANDARD_INPUT, chunks, piped=True, ready=_standard_input_ready)
    elif source.startswith("builtin:"):
        yield Source(source, builtin_bytes(source))
    else:
        files, folder = _files(Path(source), include), Path(source)
        if remarks and folder.is_dir():
            remarks.list_files(source, [str(file.relative_to(folder)) for file in files])
        for path in files:
            yield Source(str(path), _file_chunks(path, chunk_bytes), piped=path.is_fifo())


def _standard_input_ready() -> bool:
    """Return whether input arrives within a tenth of a second; True if this cannot be found out."""
    try:
        return bool(select.select([sys.stdin.buffer], [], [], 0.1)[0])
    except (OSError, ValueError):  # an object in place of a real file has no descriptor
        return True


def check_source(source: str) -> None:
    """Raise ConfigError for a source that does not exist."""
    if source.startswith("builtin:"):
        check_builtin(source)
    elif source != "-" and not exists(source):
        raise ConfigError(f"{source or repr(source)}: no such file or directory")


def _files(path: Path, include: tuple[str, ...]) -> list[Path]:
    """Return `path` itself, or the files below it in sorted order, hidden ones left out."""
    if not path.is_dir():
        return [path]

    def refuse(error: OSError) -> None:
        raise error

    def fits(file: Path) -> bool:
        inside = str(file.relative_to(path))
        return any(fnmatch(file.name, pattern) or fnmatch(inside, pattern) for pattern in include)

    files: list[Path] = []
    try:
        for folder, folders, names in os.walk(path, onerror=refuse):
            folders[:] = [name for name in folders if not name.startswith(".")]
            files += [Path(folder, name) for name in names if not name.startswith(".")]
        files = sorted(file for file in files if file.is_file())
    except OSError as error:
        raise DataError(f"{error.filename}: cannot be read: {error.strerror}") from None
    if not files:
        raise DataError(f"{path}: the directory holds no files")
    if not include:
        return files
    if not (fitting := [file for file in files if fits(file)]):
        raise DataError(f"{path}: none of its {len(files):,} files fits {' '.join(include)}")
    return fitting


def _file_chunks(path: Path, chunk_bytes: int) -> Iterator[bytes]:
    opener: Callable[..., Any] = open
    limit = math.inf
    try:
        if path.suffix in PACKED:
            opener = PACKED[path.suffix]
            limit = max(LARGE_BYTES, MAX_PACKED_RATIO * path.stat().st_size)
        with closing(cast(BinaryIO, opener(path, "rb"))) as file:
            yield from _chunks(file, str(path), chunk_bytes, limit)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None


def _chunks(file: BinaryIO, name: str, chunk_bytes: int, limit: float = math.inf) -> Iterator[bytes]:
    """Yield bytes as soon as they arrive, so that a chunk from a pipe need not be full.

    Raises DataError after `limit` bytes, for a device MAX_DEVICE_BYTES: such a text may never end.
    """
    read, num_bytes = getattr(file, "read1", file.read), 0
    if _is_device(file):
        limit = MAX_DEVICE_BYTES
    try:
        while chunk := read(chunk_bytes):
            num_bytes += len(chunk)
            if num_bytes > limit:
                raise DataError(f"{name}: more than {limit:,} bytes from there, which may never end")
            yield chunk
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise DataError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _is_device(file: BinaryIO) -> bool:
    """Return whether a file is a character device such as /dev/zero, and not a terminal."""
    try:
        return stat.S_ISCHR(os.fstat(file.fileno()).st_mode) and not file.isatty()
    except (OSError, ValueError, AttributeError):  # an object in place of a real file has no descriptor
        return False
