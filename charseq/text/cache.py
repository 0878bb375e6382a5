"""A cache of large encoded texts on disk, found by the SHA-256 of their bytes and mapped into memory.

A file of the cache has a header, the symbols, the alphabet with the bytes of each character, and the offsets
at which files end. It gets its final name only when it is complete. All files of the cache may be deleted at
any time; each new one makes the cache prune itself.
"""

import mmap
import os
import secrets
import struct
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np

from charseq.arrays import TokenArray
from charseq.errors import DataError
from charseq.files import CACHE_VARIABLE, cache_directory, draft, publish
from charseq.text.pruning import prune
from charseq.text.symbols import PIECE, EncodedText, SymbolArray, symbol_type
from charseq.text.tokenizers.tokenizer import bytes_per_char

MAGIC = b"charseq\x02"
HEADER = struct.Struct("<8s32sQIB3xQ")
"""Magic number and version, SHA-256 of the text, and four numbers.

They are the number of characters, the alphabet size, the bytes per symbol, and the number of files.
"""


def find(sha256: str) -> EncodedText | None:
    """Map the text with this SHA-256; return None if the cache has no complete file of it."""
    path = _path(cache_directory(), sha256)
    try:
        with path.open("rb") as file:
            text = _mapped(file, sha256)
        with suppress(OSError):
            os.utime(path)  # its age counts from its last use
        return text
    except OSError:
        return None


def scratch(pieces: Iterable[SymbolArray]) -> EncodedText:
    """Map symbols that have no alphabet, from a file that is gone with the process."""
    with Draft() as draft:
        for piece in pieces:
            draft.write(piece)
        return draft.scratch()


def _mapped(file: BinaryIO, sha256: str) -> EncodedText | None:
    header, size = file.read(HEADER.size), os.fstat(file.fileno()).st_size
    if len(header) < HEADER.size:
        return None
    magic, digest, num_chars, alphabet_size, itemsize, num_files = HEADER.unpack(header)
    dtype, end = symbol_type(alphabet_size), HEADER.size + num_chars * itemsize
    if (magic, digest) != (MAGIC, bytes.fromhex(sha256)):
        return None
    if itemsize != dtype.itemsize or size != end + 5 * alphabet_size + 8 * num_files:
        return None
    mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    sizes = end + 4 * alphabet_size
    try:
        alphabet = mapping[end:sizes].decode("utf-32-le", "surrogatepass")
    except UnicodeDecodeError:
        return None
    return EncodedText(
        np.frombuffer(mapping, dtype, num_chars, HEADER.size),
        alphabet,
        mapping,
        num_bytes=np.frombuffer(mapping, np.uint8, alphabet_size, sizes).astype(np.int32),
        file_ends=tuple(np.frombuffer(mapping[sizes + alphabet_size :], "<i8").tolist()),
    )


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
            prune(self._directory)
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

    def keep(
        self, sha256: str, alphabet: str, num_bytes: TokenArray | None = None, file_ends: tuple[int, ...] = ()
    ) -> EncodedText:
        """Finish the file and map it; if the cache has this text already, map that file instead.

        The further arguments are as in EncodedText.
        """
        text = find(sha256)
        if text is None:
            with self._writing():
                self._file.write(alphabet.encode("utf-32-le", "surrogatepass"))
                num_bytes = bytes_per_char(alphabet) if num_bytes is None else num_bytes
                self._file.write(num_bytes.astype(np.uint8).tobytes())
                self._file.write(np.array(file_ends, "<i8").tobytes())
                self._file.seek(0)
                sizes = (self._num_chars, len(alphabet), self._dtype.itemsize, len(file_ends))
                self._file.write(HEADER.pack(MAGIC, bytes.fromhex(sha256), *sizes))
                publish(self._file, _path(self._directory, sha256))
            text = find(sha256)
        if text is None:
            raise DataError(f"{_path(self._directory, sha256)}: was written, but cannot be read")
        return text

    def scratch(self) -> EncodedText:
        """Map what has been written; it has no name, so that it is gone with the process."""
        with self._writing():
            self._file.flush()
            mapping = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        return EncodedText(np.frombuffer(mapping, self._dtype, self._num_chars, HEADER.size), "", mapping)

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

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DataError(
                f"{self._directory}: cannot hold the encoded text: {error.strerror or error}; "
                f"{CACHE_VARIABLE} names another directory"
            ) from None
