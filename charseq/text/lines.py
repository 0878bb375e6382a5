"""Texts as whole lines: pieces that end at a newline, and lines of a source, a separator and a target."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from charseq.arrays import BoolArray
from charseq.errors import DataError
from charseq.text.pieces import FilePiece, bytes_of, part_of
from charseq.text.tokenizers.tokenizer import code_points

NEWLINE = "\n"


def whole_lines(pieces: Iterable[str], *, most: float = math.inf) -> Iterator[str]:
    """Yield the same text in pieces that end at a newline; only the last one may end without it.

    If a line has more than `most` characters, pieces also end within it.
    """
    held = list[str]()
    for piece in pieces:
        end = piece.rfind(NEWLINE) + 1
        if end:
            yield _joined([*held, part_of(piece, slice(end))])
            held = []
        if end < len(piece):
            held.append(part_of(piece, slice(end, None)))
        if sum(map(len, held)) > most:
            yield _joined(held)
            held = []
    if held:
        yield _joined(held)


def checked_lines(name: str, pieces: Iterable[str], separator: str) -> Iterator[str]:
    """Yield the text in whole lines. Raises DataError for a line that has not exactly one `separator`.

    The error names the text, by `name`, the line and the column.
    """
    number = 0
    for piece in whole_lines(pieces):
        for line in piece.removesuffix(NEWLINE).split(NEWLINE):
            number += 1
            if line.count(separator) != 1:
                raise DataError(_complaint(f"{name}: line {number}", line, separator))
        yield piece


def _complaint(where: str, line: str, separator: str) -> str:
    first = line.find(separator)
    if first < 0:
        what = f"{where}, column {len(line) + 1}: the line ends without the separator {separator!r}"
    else:
        second = line.index(separator, first + len(separator))
        what = f"{where}, column {second + 1}: a second separator {separator!r}"
    return f"{what}; with target_after each line is a source, the separator, a target"


def after_separator(text: str, separator: str) -> BoolArray:
    """Return True for each character (L,) of whole lines that follows the separator, newlines included."""
    codes, places = code_points(text), np.arange(len(text))
    ends = np.ones(max(0, len(text) - len(separator) + 1), np.bool_)
    for k, char in enumerate(separator):
        ends &= codes[k : k + len(ends)] == ord(char)
    last_end = np.full(len(text), -1)
    last_end[len(separator) - 1 :] = np.where(ends, places[len(separator) - 1 :], -1)
    last_newline = np.where(codes == ord(NEWLINE), places, -1)
    follows: BoolArray = _last_before(last_end) > _last_before(last_newline)
    return follows


def last_of_line(text: str, separator: str) -> BoolArray:
    """Return True for the last character of each of some whole lines, and for the newline that ends it."""
    is_newline = code_points(text) == ord(NEWLINE)
    before_newline = np.ones(len(text), np.bool_)
    before_newline[:-1] = is_newline[1:]
    is_last: BoolArray = is_newline | before_newline
    return is_last


def _last_before(places: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return for each character the largest of the `places` (L,) before it, -1 if there is none."""
    before = np.full(len(places), -1)
    before[1:] = np.maximum.accumulate(places)[:-1]
    return before


SELECTIONS: Mapping[str, Callable[[str, str], BoolArray]] = {"target": after_separator, "last": last_of_line}
"""The selections of characters, by the name of the choice of targets that learns and counts these alone."""


def _joined(pieces: list[str]) -> str:
    if len(pieces) == 1:
        return pieces[0]
    joined = "".join(pieces)
    if not any(isinstance(piece, FilePiece) for piece in pieces):
        return joined
    return FilePiece.of(joined, np.concatenate([bytes_of(piece) for piece in pieces]))
