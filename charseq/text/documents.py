"""Documents: texts that are independent of each other, cut at a separator or where a file ends."""

import re
from collections.abc import Iterable, Iterator

import numpy as np

from charseq.text.pieces import FilePiece, bytes_of, part_of

DOCUMENT_END = "\x1e"
"""The character that stands for a separator: the record separator of ASCII."""


def documents(pieces: Iterable[str], separator: str) -> Iterator[str]:
    """Yield the text of a file with each `separator` as DOCUMENT_END, and one where the file ends.

    Each has the bytes of what it stands for. Without a separator the file is one document.
    """
    last, held = "", ""
    for piece in pieces:
        text = _joined(held, piece)
        cut = len(text) - _begun(text, separator)  # the rest may be the beginning of a separator
        held = part_of(text, slice(cut, None))
        if read := _replaced(part_of(text, slice(cut)) if held else text, separator):
            last = read[-1]
        yield read
    if held:
        last = held[-1]
        yield held
    if last not in ("", DOCUMENT_END):
        yield FilePiece.of(DOCUMENT_END, np.zeros(1, np.int32))


def _begun(text: str, separator: str) -> int:
    """Return how many characters after the last separator may be the beginning of another one."""
    end = 0
    for found in re.finditer(re.escape(separator), text) if separator else ():
        end = found.end()
    whole = text[end:]
    for size in range(min(len(separator) - 1, len(whole)), 0, -1):
        if separator.startswith(whole[-size:]):
            return size
    return 0


def _replaced(text: str, separator: str) -> str:
    if not separator or separator not in text:
        return text
    starts = np.array([found.start() for found in re.finditer(re.escape(separator), text)])
    num_bytes, kept = bytes_of(text).copy(), np.ones(len(text), np.bool_)
    for k in range(1, len(separator)):
        num_bytes[starts] += num_bytes[starts + k]
        kept[starts + k] = False
    return FilePiece.of(text.replace(separator, DOCUMENT_END), num_bytes[kept])


def _joined(held: str, piece: str) -> str:
    if not held:
        return piece
    return FilePiece.of(held + piece, np.concatenate([bytes_of(held), bytes_of(piece)]))
