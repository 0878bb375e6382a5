"""Blocks of a text against a plain twin."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.analysis.blocks import BLOCK_CHARS, MAX_BLOCKS, Blocks

Array = np.ndarray


def plain_blocks(columns: Array, block_chars: int, max_blocks: int) -> tuple[int, list[list[float]]]:
    """Return the length of the blocks and the sums over each, all of the text being there at once."""
    while len(columns) // block_chars >= max_blocks:
        block_chars *= 2
    starts = range(0, len(columns), block_chars)
    return block_chars, [columns[k : k + block_chars].sum(axis=0).tolist() for k in starts]


def read(columns: Array, cuts: list[int], **sizes: int) -> Blocks:
    blocks = Blocks(columns.shape[1], **sizes)
    for begin, end in pairwise([0, *cuts, len(columns)]):
        blocks.add(columns[begin:end])
    return blocks


def counted(num_chars: int) -> Array:
    """Return two columns of whole numbers, which sum up exactly in any order."""
    return np.random.default_rng(num_chars).integers(0, 1000, (num_chars, 2)).astype(np.float64)


# ---- Blocks


@settings(deadline=None)
@given(
    num_chars=st.integers(0, 200),
    block_chars=st.integers(1, 6),
    max_blocks=st.sampled_from([2, 4, 6, 10]),
    cuts=st.lists(st.integers(0, 200), max_size=6).map(sorted),
)
def test_blocks_equal_the_plain_twin(
    num_chars: int, block_chars: int, max_blocks: int, cuts: list[int]
) -> None:
    """However the text was cut, its blocks are those of the whole: equally long, but for the last."""
    columns = counted(num_chars)
    cuts = [min(cut, num_chars) for cut in cuts]
    blocks = read(columns, cuts, block_chars=block_chars, max_blocks=max_blocks)
    assert (blocks.block_chars, blocks.sums.tolist()) == plain_blocks(columns, block_chars, max_blocks)


def test_character_by_character() -> None:
    """A text that comes one character at a time has the blocks of the whole."""
    columns = counted(150)
    blocks = read(columns, list(range(151)), block_chars=3, max_blocks=4)
    assert (blocks.block_chars, blocks.sums.tolist()) == plain_blocks(columns, 3, 4)


@pytest.mark.parametrize(
    ("num_chars", "block_chars", "num_blocks"),
    [(0, 5, 0), (1, 5, 1), (5, 5, 1), (6, 5, 2), (39, 5, 8), (40, 10, 4), (41, 10, 5), (80, 20, 4)],
)
def test_blocks_double(num_chars: int, block_chars: int, num_blocks: int) -> None:
    """As soon as there are as many full blocks as may be, they are joined in pairs."""
    blocks = read(counted(num_chars), [], block_chars=5, max_blocks=8)
    assert (blocks.block_chars, len(blocks.sums)) == (block_chars, num_blocks)


@pytest.mark.parametrize("num_chars", [BLOCK_CHARS * MAX_BLOCKS - 1, BLOCK_CHARS * MAX_BLOCKS, 1_000_003])
def test_blocks_are_bounded(num_chars: int) -> None:
    """However long a text is, the number of its blocks is bounded, and nothing of it is lost."""
    columns = counted(num_chars)
    blocks = read(columns, [num_chars // 3])
    assert blocks.sums.sum(axis=0).tolist() == columns.sum(axis=0).tolist()
    assert (blocks.block_chars, len(blocks.sums)) == (
        BLOCK_CHARS * (1 if num_chars < BLOCK_CHARS * MAX_BLOCKS else 4 if num_chars > 1_000_000 else 2),
        -(-num_chars // blocks.block_chars),
    )
    assert len(blocks.sums) <= MAX_BLOCKS
