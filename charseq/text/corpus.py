"""A corpus: the text of several sources, read as one.

Bytes are decoded strictly by default and newlines stay as they are, so offsets and figures are those of the
file. A large corpus is stored, encoded, in the cache and is never in memory as a whole.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from charseq.errors import DataError
from charseq.text import cache
from charseq.text.decoding import Decoder, Source, text_bytes, watch_returns
from charseq.text.documents import documents
from charseq.text.encodings import SourceFormat
from charseq.text.remarks import Remarks
from charseq.text.sources import LARGE_BYTES, files_of_all, open_source, size_of_files
from charseq.text.symbols import EncodedText, Encoder, symbol_type

CORPUS_CHUNK_BYTES = 1 << 20
PLAIN = SourceFormat()
"""The format of sources for which no other is named: strict UTF-8, all files of a directory."""

NamedTexts: TypeAlias = Iterable[tuple[str, Iterable[str]]]
"""The name of each text with its pieces. Read all pieces of a text before you ask for the next text."""


@dataclass(frozen=True, slots=True)
class ReadyTexts:
    """Named texts whose pieces are there without waiting, since all sources are regular files."""

    texts: NamedTexts

    def __iter__(self) -> Iterator[tuple[str, Iterable[str]]]:
        return iter(self.texts)


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
    sources: tuple[str, ...],
    *,
    how: SourceFormat = PLAIN,
    progress: OnProgress | None = None,
    max_bytes: float = math.inf,
) -> Corpus:
    """Read all `sources`, one after the other, as one text; `progress` is called if it is large.

    If the text of large files is in the cache, they are read only to compute their SHA-256. Raises
    ConfigError for a source that does not exist; DataError for a source that cannot be read or decoded, for
    more than `max_bytes`, and for a cache that cannot be written.
    """
    files, notes = files_of_all(sources, how.include), list[str]()
    total = size_of_files(files)
    reading = _Reading(sources, how, progress, total, max_bytes, Remarks(notes.append))
    text = None
    if sum(path.stat().st_size for path in files) >= LARGE_BYTES:
        text = cache.find(_key(reading))
    if text is None:
        text = _encode(reading)
    reading.remarks.finish()
    return Corpus(text, tuple(sources), reading.num_bytes, reading.sha256, tuple(notes))


class _Reading:
    """The bytes of all `sources`, counted and hashed while they are read."""

    def __init__(
        self,
        sources: tuple[str, ...],
        how: SourceFormat,
        progress: OnProgress | None,
        total: int | None,
        max_bytes: float,
        remarks: Remarks,
    ) -> None:
        self._sources, self._max_bytes, self.remarks = sources, max_bytes, remarks
        self.how, self._progress, self._total = how, progress, total
        self._digest, self.num_bytes = hashlib.sha256(), 0
        self._ends = list[int]()

    @property
    def sha256(self) -> str:
        """The SHA-256 of the bytes read so far, in hexadecimal digits."""
        return self._digest.hexdigest()

    @property
    def key(self) -> str:
        """The name of the encoded text in the cache: the SHA-256, unless more than the bytes matters."""
        how = replace(self.how, include=())
        if len(self._ends) == 1 and how == PLAIN:
            return self.sha256
        return hashlib.sha256(repr((self.sha256, how, self._ends)).encode()).hexdigest()

    def texts(self) -> Iterator[tuple[Source, Iterator[bytes]]]:
        """Yield each text with its bytes. Raises DataError after `max_bytes`. A second call starts again."""
        self._digest, self.num_bytes = hashlib.sha256(), 0
        self._ends.clear()
        for name in self._sources:
            for source in open_source(
                name, CORPUS_CHUNK_BYTES, include=self.how.include, remarks=self.remarks
            ):
                source.encoding = self.how.encoding
                chunks = text_bytes(source, self.remarks, everything=self.how.any_bytes)
                chunks = watch_returns(source, chunks, self.remarks)
                yield source, self._counted(name, chunks)
                self._ends.append(self.num_bytes)

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


def _key(reading: _Reading) -> str:
    """Read all bytes and return the name of their text in the cache."""
    for _, chunks in reading.texts():
        for _ in chunks:
            reading.show("hashing")
    return reading.key


def _encode(reading: _Reading) -> EncodedText:
    """Read the sources once, into memory; from LARGE_BYTES on, move the text to the cache."""
    encode, kept = Encoder(), [np.empty(0, symbol_type(0))]
    num_chars, file_ends = 0, list[int]()
    with ExitStack() as stack:
        draft: cache.Draft | None = None
        for source, chunks in reading.texts():
            for piece in _pieces(source, chunks, reading):
                kept.append(encode(piece))
                num_chars += len(piece)
                if reading.num_bytes >= LARGE_BYTES:
                    draft = draft or stack.enter_context(cache.Draft())
                    for symbols in kept:
                        draft.write(symbols)
                    kept.clear()
                    if piece:
                        reading.show("encoding")
            file_ends.append(num_chars)
        alphabet, num_bytes, ends = encode.alphabet, encode.num_bytes, tuple(file_ends)
        if draft is None:
            return EncodedText(np.concatenate(kept), alphabet, num_bytes=num_bytes, file_ends=ends)
        return draft.keep(reading.key, alphabet, num_bytes, ends)


def _pieces(source: Source, chunks: Iterator[bytes], reading: _Reading) -> Iterable[str]:
    pieces = _decoded(source, chunks, reading.how, reading.remarks)
    separator = reading.how.separator
    return pieces if separator is None else documents(pieces, separator)


def _decoded(source: Source, chunks: Iterator[bytes], how: SourceFormat, remarks: Remarks) -> Iterable[str]:
    """Return the text of a source in pieces, in the form that `how` has."""
    return how.form.pieces(Decoder(source, remarks, how.handler).pieces(chunks), source.name)


def iter_texts(
    source: str,
    *,
    how: SourceFormat = PLAIN,
    remarks: Remarks | None = None,
    as_one: bool = False,
) -> Iterator[tuple[str, Iterator[str]]]:
    """Yield (name, pieces of text) for each file of `source`, in bounded memory.

    Read all pieces of a file before you ask for the next file. Errors are as in `read_corpus`. Where bytes
    are replaced or ignored, or the encoding is not UTF-8, pieces are FilePieces with their sizes. If the
    texts are joined (`as_one`), as in a corpus, there are remarks on files and line ends, too.
    """
    remarks = remarks or Remarks(lambda note: None)
    for one in open_source(source, include=how.include, remarks=remarks if as_one else None):
        one.encoding = how.encoding
        chunks = text_bytes(one, remarks, everything=how.any_bytes)
        if as_one:
            chunks = watch_returns(one, chunks, remarks)
        yield one.name, iter(_decoded(one, chunks, how, remarks))


def named_texts(
    sources: Iterable[str], *, how: SourceFormat = PLAIN, remarks: Remarks | None = None
) -> NamedTexts:
    """Yield the texts of all `sources`, each as in `iter_texts`; then finish the `remarks`."""
    remarks = remarks or Remarks(lambda note: None)
    for source in sources:
        yield from iter_texts(source, how=how, remarks=remarks)
    remarks.finish()
