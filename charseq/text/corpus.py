"""Where text comes from: files, directories, gzip, standard input, and two corpora that Python brings along.

Bytes are decoded strictly as UTF-8 and newlines are never translated, so offsets and figures are those of
the file. A corpus remembers the SHA-256 of its bytes; a large one lies encoded in the cache and is never held
in memory. Next room: `split.py`.
"""

import codecs
import gzip
import hashlib
import math
import os
import stat
import sys
import sysconfig
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias, cast

import numpy as np

from charseq.errors import ConfigError, DataError
from charseq.files import exists
from charseq.limits import MAX_DEVICE_BYTES, MAX_GZIP_RATIO
from charseq.text import cache
from charseq.text.symbols import EncodedText, Encoder, symbol_type

BUILTINS = ("builtin:pydoc", "builtin:stdlib")
CHUNK_BYTES = 1 << 16
CORPUS_CHUNK_BYTES = 1 << 20
LARGE_BYTES = 1 << 25
"""A corpus of at least so many bytes is large: it goes into the cache, and reading it shows progress."""

NamedTexts: TypeAlias = Iterable[tuple[str, Iterable[str]]]
"""The name of each text with its pieces, which are to be taken before the next text is asked for."""

DecodingErrors: TypeAlias = Literal["strict", "replace"]


OnProgress: TypeAlias = Callable[[str, int, int | None], None]
"""Is told what is being done, the bytes done, and the bytes in all where these are known."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """A text with its provenance: the names it was read from, its size and SHA-256 in bytes."""

    encoded: EncodedText
    sources: tuple[str, ...]
    num_bytes: int
    sha256: str

    @property
    def text(self) -> str:
        """The whole text; not for a large one."""
        return str(self.encoded)


def read_corpus(
    sources: tuple[str, ...], *, progress: OnProgress | None = None, max_bytes: float = math.inf
) -> Corpus:
    """Read all `sources`, one after the other, as one text; `progress` hears of a large one.

    Large files whose text is in the cache are read for their SHA-256 alone. Raises ConfigError for a source
    that does not exist, DataError for one that cannot be read or decoded, for more than `max_bytes`, and for
    a cache that cannot be written.
    """
    progress, files = progress or (lambda what, done, total: None), _files_of_all(sources)
    total = _size_of(files)
    if sum(path.stat().st_size for path in files) >= LARGE_BYTES:
        sha256, num_bytes = _digest(sources, progress, total, max_bytes)
        if (text := cache.find(sha256)) is not None:
            return Corpus(text, tuple(sources), num_bytes, sha256)
    return _encode(sources, progress, total, max_bytes)


def size_of(sources: tuple[str, ...]) -> int | None:
    """Return the bytes of all `sources` together, None where that is not known before they are read."""
    return _size_of(_files_of_all(sources))


def _size_of(files: list[Path]) -> int | None:
    if not files or any(path.suffix == ".gz" for path in files):
        return None
    return sum(path.stat().st_size for path in files)


def _files_of_all(sources: tuple[str, ...]) -> list[Path]:
    """Return the files behind `sources` if that is what they all are, and can be read twice; else nothing."""
    if any(source == "-" or source.startswith("builtin:") or not exists(source) for source in sources):
        return []
    files = [file for source in sources for file in _files(Path(source))]
    return files if all(file.is_file() for file in files) else []


def _digest(
    sources: tuple[str, ...], progress: OnProgress, total: int | None, max_bytes: float
) -> tuple[str, int]:
    """Return the SHA-256 and the number of all bytes."""
    digest, num_bytes = hashlib.sha256(), 0
    for source in sources:
        for _, chunks in open_source(source, CORPUS_CHUNK_BYTES):
            for chunk in chunks:
                digest.update(chunk)
                num_bytes = _more(num_bytes, chunk, max_bytes, source)
                progress("hashing", num_bytes, total)
    return digest.hexdigest(), num_bytes


def _more(num_bytes: int, chunk: bytes, max_bytes: float, name: str) -> int:
    """Return `num_bytes` and those of a chunk. Raises DataError beyond `max_bytes`."""
    if num_bytes + len(chunk) > max_bytes:
        raise DataError(f"{name}: more than the {max_bytes:,} bytes that it had")
    return num_bytes + len(chunk)


def _encode(sources: tuple[str, ...], progress: OnProgress, total: int | None, max_bytes: float) -> Corpus:
    """Read the sources, once, into memory; into the cache as soon as they turn out to be large."""
    digest, num_bytes, encode, kept = hashlib.sha256(), 0, Encoder(), [np.empty(0, symbol_type(0))]
    with ExitStack() as stack:
        draft: cache.Draft | None = None
        for source in sources:
            for name, chunks in open_source(source, CORPUS_CHUNK_BYTES):
                decode = Decoder(name)
                for chunk in chunks:
                    digest.update(chunk)
                    num_bytes = _more(num_bytes, chunk, max_bytes, source)
                    kept.append(encode(decode(chunk)))
                    if num_bytes >= LARGE_BYTES:
                        draft = draft or stack.enter_context(cache.Draft())
                        for symbols in kept:
                            draft.write(symbols)
                        kept.clear()
                        progress("encoding", num_bytes, total)
                decode(b"", final=True)
        sha256 = digest.hexdigest()
        if draft is None:
            text = EncodedText(np.concatenate(kept), encode.alphabet)
        else:
            text = draft.keep(sha256, encode.alphabet)
    return Corpus(text, tuple(sources), num_bytes, sha256)


def iter_texts(source: str, *, errors: DecodingErrors = "strict") -> Iterator[tuple[str, Iterator[str]]]:
    """Yield (name, pieces of text) for each file behind `source`, in bounded memory.

    The pieces of one are to be taken before the next is asked for. Errors as in `read_corpus`.
    """

    def pieces(name: str, chunks: Iterator[bytes]) -> Iterator[str]:
        decode = Decoder(name, errors)
        for chunk in chunks:
            yield decode(chunk)
        yield decode(b"", final=True)

    for name, chunks in open_source(source):
        yield name, pieces(name, chunks)


class Decoder:
    """UTF-8, chunk by chunk; a DataError names the file and the offset of the offending byte.

    With `errors` "replace" what is not UTF-8 becomes U+FFFD instead.
    """

    def __init__(self, name: str, errors: DecodingErrors = "strict") -> None:
        self._name, self._offset, self._pending = name, 0, 0
        self._decode = codecs.getincrementaldecoder("utf-8")(errors)

    def __call__(self, chunk: bytes, *, final: bool = False) -> str:
        """Return the text that `chunk` completes; `final` when no more bytes follow."""
        try:
            text = self._decode.decode(chunk, final)
        except UnicodeDecodeError as error:
            at = self._offset - self._pending + error.start
            why = f"not UTF-8 at byte {at}: {error.reason}"
            raise DataError(f"{self._name}: {why}; convert it first") from None
        self._offset += len(chunk)
        self._pending = len(self._decode.getstate()[0])
        return text


def open_source(source: str, chunk_bytes: int | None = None) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield (name, chunks of at most `chunk_bytes`, CHUNK_BYTES if None) for each file behind `source`."""
    check_source(source)
    chunk_bytes = chunk_bytes or CHUNK_BYTES
    if source == "-":
        if sys.stdin is None:
            raise DataError("standard input: is closed")
        yield "standard input", _chunks(sys.stdin.buffer, "standard input", chunk_bytes)
    elif source.startswith("builtin:"):
        yield source, _builtin(source)
    else:
        for path in _files(Path(source)):
            yield str(path), _file_chunks(path, chunk_bytes)


def check_source(source: str) -> None:
    """Raise ConfigError for a source that does not exist."""
    if source.startswith("builtin:"):
        if source not in BUILTINS:
            raise ConfigError(f"{source}: no such corpus; there are {' and '.join(BUILTINS)}")
    elif source != "-" and not exists(source):
        raise ConfigError(f"{source or repr(source)}: no such file or directory")


def _files(path: Path) -> list[Path]:
    """Return `path` itself, or the files below it in sorted order, hidden ones left out."""
    if not path.is_dir():
        return [path]

    def refuse(error: OSError) -> None:
        raise error

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
    return files


def _file_chunks(path: Path, chunk_bytes: int) -> Iterator[bytes]:
    opener: Callable[..., Any] = open
    limit = math.inf
    try:
        if path.suffix == ".gz":
            opener = gzip.open
            limit = max(LARGE_BYTES, MAX_GZIP_RATIO * path.stat().st_size)
        with closing(cast(BinaryIO, opener(path, "rb"))) as file:
            yield from _chunks(file, str(path), chunk_bytes, limit)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None


def _chunks(file: BinaryIO, name: str, chunk_bytes: int, limit: float = math.inf) -> Iterator[bytes]:
    """Yield what is there as soon as it is there, so that a pipe is not waited for longer than needed.

    Raises DataError beyond `limit` bytes, which stand for a text that would never end; a device has its own.
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
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _is_device(file: BinaryIO) -> bool:
    """Say whether a file is one like /dev/zero, and not a terminal."""
    try:
        return stat.S_ISCHR(os.fstat(file.fileno()).st_mode) and not file.isatty()
    except (OSError, ValueError, AttributeError):  # what stands in for a file has no descriptor
        return False


def _builtin(source: str) -> Iterator[bytes]:
    """Yield the language reference topics of pydoc, or the standard library's own source."""
    if source == "builtin:pydoc":
        try:
            from pydoc_data.topics import topics
        except ImportError:
            raise DataError(f"{source}: this Python was installed without its pydoc data") from None
        yield "\n\n".join(topics[name].strip("\n") for name in sorted(topics)).encode()
    elif source == "builtin:stdlib":
        root = Path(sysconfig.get_path("stdlib"))
        leave_out = {"site-packages", "dist-packages", "test", "tests", "idle_test"}
        for path in sorted(root.rglob("*.py")):
            if leave_out.isdisjoint(path.relative_to(root).parts):
                yield path.read_bytes()
