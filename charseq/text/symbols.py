"""A text as symbols: each character becomes its index in the alphabet of the text, usually one byte.

The alphabet begins with ASCII, so that ASCII text needs no translation; other characters follow in the order
in which they first occur. Symbols are uint8 for up to 256 different characters, uint16 for up to 65,536, and
uint32 for more. The alphabet is not the vocabulary of a model, which is made in training; a table turns
symbols into tokens when a window is cut. A character that has other sizes in the file than in UTF-8 is in
the alphabet once for each size.
"""

import mmap
import sys
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from charseq.arrays import BoolArray, TokenArray
from charseq.text.pieces import FilePiece
from charseq.text.tokenizers.tokenizer import bytes_per_char, code_points

SymbolArray: TypeAlias = NDArray[np.unsignedinteger[Any]]
"""Indices into an alphabet, in the smallest type that can hold all of them."""

ASCII = "".join(map(chr, range(128)))
PIECE = 1 << 20
"""The number of symbols that are processed together."""
RELEASE_BYTES = 1 << 25
"""The number of bytes that `take` reads from a mapped file before it releases the pages."""


def symbol_type(alphabet_size: int) -> np.dtype[np.unsignedinteger[Any]]:
    """Return the smallest unsigned type for indices into an alphabet of this size."""
    return np.dtype("<u1" if alphabet_size <= 1 << 8 else "<u2" if alphabet_size <= 1 << 16 else "<u4")


class EncodedText:
    """A text as an array of `symbols` (L,), the indices of its characters in `alphabet`.

    `num_bytes` has the bytes of each character of the alphabet in the file. `file_ends` are the offsets at
    which the files of a whole corpus end, () for a part of it. The symbols of a large text are in a file,
    `mapping`. Pages that were read count as memory of this process until they are released; `take` and
    `pieces` release them.
    """

    def __init__(
        self,
        symbols: SymbolArray,
        alphabet: str,
        mapping: mmap.mmap | None = None,
        *,
        num_bytes: TokenArray | None = None,
        file_ends: tuple[int, ...] = (),
    ) -> None:
        self.symbols, self.alphabet = symbols, alphabet
        self.num_bytes = bytes_per_char(alphabet) if num_bytes is None else num_bytes
        self.file_ends = file_ends
        self._mapping, self._num_touched = mapping, 0

    @classmethod
    def of(cls, text: str) -> "EncodedText":
        """Return `text` as symbols, in memory."""
        encode = Encoder()
        return cls(encode(text), encode.alphabet, num_bytes=encode.num_bytes)

    def __len__(self) -> int:
        return len(self.symbols)

    @property
    def is_mapped(self) -> bool:
        """True if the symbols are in a file of the cache."""
        return self._mapping is not None

    def __getitem__(self, part: slice) -> "EncodedText":
        return EncodedText(self.symbols[part], self.alphabet, self._mapping, num_bytes=self.num_bytes)

    def __str__(self) -> str:
        return "".join(self.strings())

    def take(self, places: NDArray[np.intp]) -> SymbolArray:
        """Return the symbols at `places`, an array of any shape, in the same shape."""
        taken: SymbolArray = self.symbols[places]
        self._num_touched += taken.nbytes
        if self._num_touched >= RELEASE_BYTES:
            self._release()
        return taken

    def pieces(self) -> Iterator[SymbolArray]:
        """Yield all symbols in order, in pieces; finish with each piece before you ask for the next one."""
        for begin in range(0, len(self), PIECE):
            yield self.symbols[begin : begin + PIECE]
            self._release()

    def strings(self) -> Iterator[str]:
        """Yield the text piece by piece, with the bytes in the file where they are not those of UTF-8."""
        codes = code_points(self.alphabet)
        is_utf8 = np.array_equal(self.num_bytes, bytes_per_char(self.alphabet))
        for piece in self.pieces():
            text = codes[piece].astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
            yield text if is_utf8 else FilePiece.of(text, self.num_bytes[piece])

    def counts(self) -> dict[str, int]:
        """Return the number of times that each character of the text occurs."""
        total = np.zeros(len(self.alphabet), np.int64)
        for piece in self.pieces():
            total += np.bincount(piece, minlength=len(total))
        counts = dict[str, int]()
        for char, count in zip(self.alphabet, total.tolist(), strict=True):
            if count:
                counts[char] = counts.get(char, 0) + count
        return counts

    def is_char(self, char: str) -> BoolArray:
        """Return True for each symbol (A,) that stands for a character, which may have several."""
        found: BoolArray = code_points(self.alphabet) == ord(char)
        return found

    def find(self, char: str, start: int) -> int:
        """Return the first offset of the character `char` at or after `start`, -1 if there is none."""
        is_char = self.is_char(char)
        for number, piece in enumerate(self[start:].pieces()):
            found = np.flatnonzero(is_char[piece])
            if len(found):
                return start + number * PIECE + int(found[0])
        return -1

    def places(self, char: str) -> NDArray[np.int64]:
        """Return all offsets of the character `char`, in order."""
        is_char = self.is_char(char)
        found = [
            np.flatnonzero(is_char[piece]) + number * PIECE for number, piece in enumerate(self.pieces())
        ]
        return np.concatenate([np.empty(0, np.int64), *found])

    def _release(self) -> None:
        self._num_touched = 0
        if self._mapping is not None and hasattr(mmap, "MADV_DONTNEED"):  # not on every system
            self._mapping.madvise(mmap.MADV_DONTNEED)


class Encoder:
    """An encoder of text into symbols, chunk by chunk; new characters are added to its `alphabet`."""

    def __init__(self) -> None:
        self.alphabet = ASCII
        # For each code point: its symbol + 1, or 0 if it has no symbol yet.
        self._next = np.zeros(sys.maxunicode + 1, np.int32)
        self._next[: len(ASCII)] = np.arange(len(ASCII)) + 1
        self._sized: dict[tuple[int, int], int] = {}
        """The symbols of characters whose size in the file is not that of UTF-8, by character and size."""

    @property
    def num_bytes(self) -> TokenArray:
        """The bytes in the file of each character of the alphabet (A,)."""
        num_bytes = bytes_per_char(self.alphabet).copy()
        for (_, size), symbol in self._sized.items():
            num_bytes[symbol] = size
        return num_bytes

    def __call__(self, text: str) -> SymbolArray:
        """Return the symbols of the next chunk, in the smallest type for the alphabet so far."""
        if isinstance(text, FilePiece):
            return self._encoded(text)
        if text.isascii():
            return np.frombuffer(text.encode("ascii"), np.uint8)
        codes = code_points(text)
        symbols = self._next.take(codes)
        new = np.unique(codes[symbols == 0])
        if len(new):
            self._next[new] = len(self.alphabet) + np.arange(len(new)) + 1
            self.alphabet += "".join(map(chr, new.tolist()))
            symbols = self._next.take(codes)
        symbols -= 1
        return symbols.astype(symbol_type(len(self.alphabet)))

    def _encoded(self, piece: FilePiece) -> SymbolArray:
        """Return the symbols of a piece in which some characters have sizes of their own."""
        text, codes = str.__str__(piece), code_points(piece).astype(np.int64)
        odd = piece.num_bytes != bytes_per_char(text)
        kept = codes[~odd].astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
        keys, places = np.unique(codes[odd] << 8 | piece.num_bytes[odd], return_inverse=True)
        plain, found = self(kept), list[int]()
        for code, size in ((key >> 8, key & 0xFF) for key in keys.tolist()):
            if (code, size) not in self._sized:
                self._sized[code, size] = len(self.alphabet)
                self.alphabet += chr(code)
            found.append(self._sized[code, size])
        symbols = np.empty(len(text), symbol_type(len(self.alphabet)))
        symbols[~odd] = plain
        symbols[odd] = np.array(found, np.int64)[places.ravel()]
        return symbols
