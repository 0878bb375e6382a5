"""Where text comes from: files, directories, gzip, standard input, and two corpora that Python brings along.

Bytes are decoded strictly as UTF-8 and newlines are never translated, so offsets and figures are those of
the file. A corpus remembers the SHA-256 of its bytes. Next room: `split.py`.
"""

import codecs
import gzip
import hashlib
import sys
import sysconfig
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from charseq.errors import ConfigError, DataError
from charseq.files import exists

CHUNK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Corpus:
    """A text with its provenance: the names it was read from, its size and SHA-256 in bytes."""

    text: str
    sources: tuple[str, ...]
    num_bytes: int
    sha256: str


def read_corpus(sources: tuple[str, ...]) -> Corpus:
    """Read all `sources`, one after the other, as one text.

    Raises ConfigError for a source that does not exist, DataError for one that cannot be read or decoded.
    """
    digest, num_bytes, pieces = hashlib.sha256(), 0, []
    for source in sources:
        for name, chunks in open_source(source):
            decode = Decoder(name)
            for chunk in chunks:
                digest.update(chunk)
                num_bytes += len(chunk)
                pieces.append(decode(chunk))
            pieces.append(decode(b"", final=True))
    return Corpus("".join(pieces), tuple(sources), num_bytes, digest.hexdigest())


def iter_texts(source: str) -> Iterator[tuple[str, Iterator[str]]]:
    """Yield (name, pieces of text) for each file behind `source`, in bounded memory.

    The pieces of one are to be taken before the next is asked for. Errors as in `read_corpus`.
    """

    def pieces(name: str, chunks: Iterator[bytes]) -> Iterator[str]:
        decode = Decoder(name)
        for chunk in chunks:
            yield decode(chunk)
        yield decode(b"", final=True)

    for name, chunks in open_source(source):
        yield name, pieces(name, chunks)


class Decoder:
    """Strict UTF-8, chunk by chunk; a DataError names the file and the offset of the offending byte."""

    def __init__(self, name: str) -> None:
        self._name, self._offset, self._pending = name, 0, 0
        self._decode = codecs.getincrementaldecoder("utf-8")()

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


def open_source(source: str) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield (name, chunks of bytes) for each file behind `source`."""
    if source == "-":
        if sys.stdin is None:
            raise DataError("standard input: is closed")
        yield "standard input", _chunks(sys.stdin.buffer, "standard input")
    elif source.startswith("builtin:"):
        yield source, _builtin(source)
    elif not exists(source):
        raise ConfigError(f"{source or repr(source)}: no such file or directory")
    else:
        for path in _files(Path(source)):
            yield str(path), _file_chunks(path)


def _files(path: Path) -> list[Path]:
    """Return `path` itself, or the files below it in sorted order, hidden ones left out."""
    if not path.is_dir():
        return [path]
    files = [
        file
        for file in sorted(path.rglob("*"))
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts)
    ]
    if not files:
        raise DataError(f"{path}: the directory holds no files")
    return files


def _file_chunks(path: Path) -> Iterator[bytes]:
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with closing(cast(BinaryIO, opener(path, "rb"))) as file:
            yield from _chunks(file, str(path))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None


def _chunks(file: BinaryIO, name: str) -> Iterator[bytes]:
    """Yield what is there as soon as it is there, so that a pipe is not waited for longer than needed."""
    read = getattr(file, "read1", file.read)
    try:
        while chunk := read(CHUNK_BYTES):
            yield chunk
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


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
        leave_out = {"site-packages", "dist-packages", "test", "tests", "idle_test", "__pycache__"}
        for path in sorted(root.rglob("*.py")):
            if leave_out.isdisjoint(path.relative_to(root).parts):
                yield path.read_bytes()
    else:
        raise ConfigError(f"{source}: no such corpus; there are builtin:pydoc and builtin:stdlib")
