"""Passages: cut anew in each file, and kept if the models differ most on them."""

import numpy as np

from charseq.analysis.passages import PASSAGE_CHARS, Passages


def test_passages_begin_anew_in_each_file() -> None:
    """A passage does not reach from one file into the next, and offsets count from the file's beginning."""
    passages = Passages(10)
    for file, num_chars in (("a", 70), ("b", 65)):
        passages.begin(file)
        passages.add("x" * num_chars, np.stack([np.arange(num_chars), np.zeros(num_chars)], axis=1))
    assert sorted((found.file, found.offset, len(found.text)) for found in passages.kept) == [
        *(("a", 0, 64), ("a", 64, 6), ("b", 0, 64), ("b", 64, 1))
    ]


def test_of_equal_passages_the_first() -> None:
    """Of passages that differ as much, those that come first are kept, in their order."""
    passages = Passages(3)
    for file in ("a", "b"):
        passages.begin(file)
        for _ in range(2):
            passages.add("x" * PASSAGE_CHARS, np.tile([1.0, 2.0], (PASSAGE_CHARS, 1)))
    assert [(found.file, found.offset) for found in passages.kept] == [("a", 0), ("a", 64), ("b", 0)]
