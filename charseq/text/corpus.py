"""Reading of text from files, directories, gzip files, standard input, and the built-in corpora.

Bytes are decoded strictly as UTF-8 and newlines stay as they are, so offsets and figures are those of the
file. A large corpus is stored, encoded, in the cache and is never in memory as a whole.
"""

import gzip
import hashlib
import math
import os
import select
import stat
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, cast

import numpy as np

from charseq.errors import ConfigError, DataError
from charseq.files import exists
from charseq.limits import MAX_DEVICE_BYTES, MAX_GZIP_RATIO
from charseq.text import cache
from charseq.text.builtin import builtin_bytes, check_builtin
from charseq.text.decoding import Decoder, DecodingErrors, Source, text_bytes, watch_returns
from charseq.text.remarks import Remarks
from charseq.text.sniffing import STANDARD_INPUT
from charseq.text.symbols import EncodedText, Encoder, symbol_type

CHUNK_BYTES = 1 << 16
CORPUS_CHUNK_BYTES = 1 << 20
LARGE_BYTES = 1 << 25
"""The size in bytes from which a corpus is large: it goes into the cache, and progress is shown."""

NamedTexts: TypeAlias = Iterable[tuple[str, Iterable[str]]]
"""The name of each text with its pieces. Read all pieces of a text before you ask for the next text."""

OnProgress: TypeAlias = Callable[[str, int, int | None], None]
"""A function called with the current activity, the bytes read so far, and the total (None if unknown)."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """A text with its sources, and the size and SHA-256 of its bytes.

    Bytes that are left out, such as a byte order mark, do not count. `notes` are remarks on the text, to be
    shown to the user.
    """

    encoded: EncodedText
    sources: tuple[str, ...]
    num_bytes: int
    sha256: str
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The whole text, as a string in memory; not for a large corpus."""
        return str(self.encoded)


def read_corpus(
    sources: tuple[str, ...], *, progress: OnProgress | None = None, max_bytes: float = math.inf
) -> Corpus:
    """Read all `sources`, one after the other, as one text; `progress` is called if it is large.

    If the text of large files is in the cache, they are read only to compute their SHA-256. Raises
    ConfigError for a source that does not exist; DataError for a source that cannot be read or decoded, for
    more than `max_bytes`, and for a cache that cannot be written.
    """
    files, notes = _files_of_all(sources), list[str]()
    reading = _Reading(sources, progress, _size_of(files), max_bytes, Remarks(notes.append))
    text = None
    if sum(path.stat().st_size for path in files) >= LARGE_BYTES:
        text = cache.find(_digest(reading))
    if text is None:
        text = _encode(reading)
    reading.remarks.finish()
    return Corpus(text, tuple(sources), reading.num_bytes, reading.sha256, tuple(notes))


def size_of(sources: tuple[str, ...]) -> int | None:
    """Return the total size of `sources` in bytes, None if it is unknown before they are read."""
    return _size_of(_files_of_all(sources))


def _size_of(files: list[Path]) -> int | None:
    if not files or any(path.suffix == ".gz" for path in files):
        return None
    return sum(path.stat().st_size for path in files)


def _files_of_all(sources: tuple[str, ...]) -> list[Path]:
    """Return the files of `sources` if all are regular files, which can be read twice; else an empty list."""
    if any(source == "-" or source.startswith("builtin:") or not exists(source) for source in sources):
        return []
    files = [file for source in sources for file in _files(Path(source))]
    return files if all(file.is_file() for file in files) else []


class _Reading:
    """The bytes of all `sources`, counted and hashed while they are read."""

    def __init__(
        self,
        sources: tuple[str, ...],
        progress: OnProgress | None,
        total: int | None,
        max_bytes: float,
        remarks: Remarks,
    ) -> None:
        self._sources, self._max_bytes, self.remarks = sources, max_bytes, remarks
        self._progress, self._total = progress, total
        self._digest, self.num_bytes = hashlib.sha256(), 0

    @property
    def sha256(self) -> str:
        """The SHA-256 of the bytes read so far, in hexadecimal digits."""
        return self._digest.hexdigest()

    def texts(self) -> Iterator[tuple[Source, Iterator[bytes]]]:
        """Yield each text with its bytes. Raises DataError after `max_bytes`. A second call starts again."""
        self._digest, self.num_bytes = hashlib.sha256(), 0
        for name in self._sources:
            for source in open_source(name, CORPUS_CHUNK_BYTES, remarks=self.remarks):
                chunks = watch_returns(source, text_bytes(source, self.remarks), self.remarks)
                yield source, self._counted(name, chunks)

    def _counted(self, name: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.num_bytes += len(chunk)
            if self.num_bytes > self._max_bytes:
                raise DataError(f"{name}: more than the {self._max_bytes:,} bytes that it had")
            self._digest.update(chunk)
            yield chunk

    def show(self, what: str) -> None:
        """Call `progress` with the number of bytes read so far."""
        if self._progress:
            self._progress(what, self.num_bytes, self._total)


def _digest(reading: _Reading) -> str:
    """Return the SHA-256 of all bytes."""
    for _, chunks in reading.texts():
        for _ in chunks:
            reading.show("hashing")
    return reading.sha256


def _encode(reading: _Reading) -> EncodedText:
    """Read the sources once, into memory; from LARGE_BYTES on, move the text to the cache."""
    encode, kept = Encoder(), [np.empty(0, symbol_type(0))]
    with ExitStack() as stack:
        draft: cache.Draft | None = None
        for source, chunks in reading.texts():
            for piece in Decoder(source, reading.remarks).pieces(chunks):
                kept.append(encode(piece))
                if reading.num_bytes >= LARGE_BYTES:
                    draft = draft or stack.enter_context(cache.Draft())
                    for symbols in kept:
                        draft.write(symbols)
                    kept.clear()
                    if piece:
                        reading.show("encoding")
        if draft is None:
            return EncodedText(np.concatenate(kept), encode.alphabet)
        return draft.keep(reading.sha256, encode.alphabet)


def iter_texts(
    source: str,
    *,
    errors: DecodingErrors = "strict",
    remarks: Remarks | None = None,
    as_one: bool = False,
) -> Iterator[tuple[str, Iterator[str]]]:
    """Yield (name, pieces of text) for each file of `source`, in bounded memory.

    Read all pieces of a file before you ask for the next file. Errors are as in `read_corpus`. With `errors`
    "replace", bytes that are not UTF-8 become U+FFFD, and the pieces are FilePieces with their sizes. If the
    texts are joined (`as_one`), as in a corpus, there are remarks on files and line ends, too.
    """
    remarks = remarks or Remarks(lambda note: None)
    for one in open_source(source, remarks=remarks if as_one else None):
        chunks = text_bytes(one, remarks)
        if as_one:
            chunks = watch_returns(one, chunks, remarks)
        yield one.name, Decoder(one, remarks, errors).pieces(chunks)


def named_texts(
    sources: Iterable[str], *, errors: DecodingErrors = "strict", remarks: Remarks | None = None
) -> NamedTexts:
    """Yield the texts of all `sources`, each as in `iter_texts`; then finish the `remarks`."""
    remarks = remarks or Remarks(lambda note: None)
    for source in sources:
        yield from iter_texts(source, errors=errors, remarks=remarks)
    remarks.finish()


def open_source(
    source: str, chunk_bytes: int | None = None, *, remarks: Remarks | None = None
) -> Iterator[Source]:
    """Yield the bytes of each file of `source`, `chunk_bytes` at a time, by default CHUNK_BYTES."""
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
        files, folder = _files(Path(source)), Path(source)
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
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _is_device(file: BinaryIO) -> bool:
    """Return whether a file is a character device such as /dev/zero, and not a terminal."""
    try:
        return stat.S_ISCHR(os.fstat(file.fileno()).st_mode) and not file.isatty()
    except (OSError, ValueError, AttributeError):  # an object in place of a real file has no descriptor
        return False
