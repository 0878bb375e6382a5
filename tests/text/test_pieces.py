"""Pieces of a file's text, whose characters have the bytes that they have in the file."""

import numpy as np

from charseq.text.pieces import FilePiece, bytes_of, part_of


def test_a_part_keeps_the_bytes_of_its_characters() -> None:
    """A part of a piece of a file is one; a part of another text is a string."""
    piece = FilePiece.of("a\ufffdb", np.array([1, 2, 1], np.int32))
    assert bytes_of(part_of(piece, slice(1, 3))).tolist() == [2, 1]
    assert bytes_of(part_of("a\ufffdb", slice(1, 3))).tolist() == [3, 1]
