"""Pieces of a file's text, in which each character has the number of bytes that it has in the file."""

from typing import Self

from charseq.arrays import TokenArray
from charseq.text.tokenizers.tokenizer import bytes_per_char


class FilePiece(str):
    """A piece of a file's text, with the number of bytes in the file of each character, `num_bytes` (L,)."""

    num_bytes: TokenArray

    @classmethod
    def of(cls, text: str, num_bytes: TokenArray) -> Self:
        """Return `text` with these numbers of bytes (L,)."""
        piece = cls(text)
        piece.num_bytes = num_bytes
        return piece


def bytes_of(text: str) -> TokenArray:
    """Return the number of bytes of each character (L,): in the file if known, else in UTF-8."""
    return text.num_bytes if isinstance(text, FilePiece) else bytes_per_char(text)


def part_of(piece: str, part: slice) -> str:
    """Return a part of a piece; the number of bytes of each character stays known."""
    if not isinstance(piece, FilePiece):
        return piece[part]
    return FilePiece.of(piece[part], piece.num_bytes[part])
