"""A cache of large encoded texts on disk, found by the SHA-256 of their bytes and mapped into memory.

A file of the cache has a header, the symbols, and the alphabet. It gets its final name only when it is
complete. All files of the cache may be deleted at any time.
"""

import hashlib
import mmap
import os
import secrets
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np

from charseq.errors import DataError
from charseq.files import CACHE_VARIABLE, cache_directory, draft, publish
from charseq.text.form import PLAIN, TextForm
from charseq.text.symbols import PIECE, EncodedText, SymbolArray, symbol_type

MAGIC = b"charseq\x01"
HEADER = struct.Struct("<8s32sQIB11x")
"""Magic number and version, SHA-256 of the text, number of characters, alphabet size, bytes per symbol."""
STALE_SECONDS = 86_400
"""The age at which an unfinished file must be from a killed process, and is removed."""


def key_of(sha256: str, form: TextForm) -> str:
    """Return the name of a text in a form, 64 hexadecimal digits, from the SHA-256 of its bytes."""
    return sha256 if form == PLAIN else hashlib.sha256(f"{sha256} {form}".encode()).hexdigest()


def find(sha256: str) -> EncodedText | None:
    """Map the text with this SHA-256, or `key_of`; return None if the cache has no complete file of it."""
    path = _path(cache_directory(), sha256)
    try:
        with path.open("rb") as file:
            return _mapped(file, sha256)
    except OSError:
        return None


def _mapped(file: BinaryIO, sha256: str) -> EncodedText | None:
    header, size = file.read(HEADER.size), os.fstat(file.fileno()).st_size
    if len(header) < HEADER.size:
        return None
    magic, digest, num_chars, alphabet_size, itemsize = HEADER.unpack(header)
    dtype, end = symbol_type(alphabet_size), HEADER.size + num_chars * itemsize
    if (magic, digest) != (MAGIC, bytes.fromhex(sha256)):
        return None
    if itemsize != dtype.itemsize or size != end + 4 * alphabet_size:
        return None
    mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    try:
        alphabet = mapping[end:].decode("utf-32-le", "surrogatepass")
    except UnicodeDecodeError:
        return None
    return EncodedText(np.frombuffer(mapping, dtype, num_chars, HEADER.size), alphabet, mapping)


def _path(directory: Path, sha256: str) -> Path:
    return directory / f"{sha256}.symbols"


class Draft:
    """An unfinished file of the cache; a context manager that removes the file at its end unless it is kept.

    Raises DataError if the cache cannot be written.
    """

    def __init__(self) -> None:
        self._directory = cache_directory()
        self._dtype, self._num_chars = symbol_type(0), 0

    def __enter__(self) -> "Draft":
        with self._writing(), ExitStack() as stack:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._sweep()
            name = f".{secrets.token_hex(8)}.tmp"
            self._file = stack.enter_context(draft(self._directory / name))
            self._file.write(bytes(HEADER.size))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def write(self, symbols: SymbolArray) -> None:
        """Append a chunk; if its type is wider, rewrite the earlier symbols in this type."""
        with self._writing():
            if symbols.dtype.itemsize > self._dtype.itemsize:
                self._widen(symbols.dtype)
            self._file.write(symbols.astype(self._dtype).tobytes())
        self._num_chars += len(symbols)

    def keep(self, sha256: str, alphabet: str) -> EncodedText:
        """Finish the file and map it; if the cache has this text already, map that file instead."""
        text = find(sha256)
        if text is None:
            with self._writing():
                self._file.write(alphabet.encode("utf-32-le", "surrogatepass"))
                self._file.seek(0)
                sizes = (self._num_chars, len(alphabet), self._dtype.itemsize)
                self._file.write(HEADER.pack(MAGIC, bytes.fromhex(sha256), *sizes))
                publish(self._file, _path(self._directory, sha256))
            text = find(sha256)
        if text is None:
            raise DataError(f"{_path(self._directory, sha256)}: was written, but cannot be read")
        return text

    def _widen(self, dtype: np.dtype[np.unsignedinteger[Any]]) -> None:
        """Rewrite all symbols in a wider type, from last to first: each is read before it is overwritten."""
        old, self._dtype = self._dtype, dtype
        for end in range(self._num_chars, 0, -PIECE):
            begin = max(0, end - PIECE)
            self._file.seek(HEADER.size + begin * old.itemsize)
            piece = np.frombuffer(self._file.read((end - begin) * old.itemsize), old)
            self._file.seek(HEADER.size + begin * self._dtype.itemsize)
            self._file.write(piece.astype(self._dtype).tobytes())
        self._file.seek(0, os.SEEK_END)

    def _sweep(self) -> None:
        """Remove unfinished files of processes that were killed."""
        for path in self._directory.glob(".*.tmp"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > STALE_SECONDS:
                    path.unlink()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DataError(
                f"{self._directory}: cannot hold the encoded text: {error.strerror or error}; "
                f"{CACHE_VARIABLE} names another directory"
            ) from None
