"""Blocks of a text against a plain twin, and the error of a figure against what statistics says it is."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.analysis.blocks import (
    BLOCK_CHARS,
    MAX_BLOCKS,
    MIN_BLOCKS,
    NUM_RESAMPLES,
    Blocks,
    resampled_ratios,
    standard_error,
)

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


# ---- resampled_ratios


def test_resamples_are_choices_of_as_many_blocks() -> None:
    """Each resample takes B blocks, some of them several times, others not at all."""
    num_blocks = 9
    times = num_blocks * np.array([resampled_ratios(row, np.ones(num_blocks)) for row in np.eye(num_blocks)])
    assert times.shape == (num_blocks, NUM_RESAMPLES)
    assert times == pytest.approx(times.round(), abs=1e-9)
    assert times.sum(axis=0) == pytest.approx(np.full(NUM_RESAMPLES, num_blocks), abs=1e-9)
    assert times.min() < 0.5
    assert times.max() > 1.5
    assert times.mean(axis=1) == pytest.approx(np.ones(num_blocks), abs=0.1)


def test_resamples_are_the_same_each_time() -> None:
    """The same blocks give the same ratios."""
    nats, num_chars = np.arange(20.0), np.full(20, 10.0)
    first, second = (resampled_ratios(nats, num_chars) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_ratio_is_of_sums() -> None:
    """A ratio divides the sum of the numerators by that of the denominators: short blocks count less."""
    num_chars = np.array([1.0, *[1000.0] * 9])
    ratios = resampled_ratios(np.array([100.0, *[1000.0] * 9]), num_chars)
    assert ratios.max() < 1.1
    assert ratios.min() == 1


@pytest.mark.parametrize("num_blocks", range(MIN_BLOCKS))
def test_few_blocks_say_nothing(num_blocks: int) -> None:
    """Of fewer than MIN_BLOCKS blocks there is no resample and no error."""
    nats, num_chars = np.arange(num_blocks) + 1.0, np.ones(num_blocks)
    assert len(resampled_ratios(nats, num_chars)) == 0
    assert math.isnan(standard_error(nats, num_chars))


def test_just_enough_blocks() -> None:
    """MIN_BLOCKS blocks are enough."""
    nats, num_chars = np.arange(MIN_BLOCKS) + 1.0, np.ones(MIN_BLOCKS)
    assert len(resampled_ratios(nats, num_chars)) == NUM_RESAMPLES
    assert standard_error(nats, num_chars) > 0


# ---- standard_error


@pytest.mark.parametrize("num_blocks", [50, 200, 1000])
@pytest.mark.parametrize("block_chars", [1, 256])
def test_error_of_independent_blocks(num_blocks: int, block_chars: int) -> None:
    """For independent blocks the error is that of their mean, sd / sqrt(B), in bits per character."""
    nats = block_chars * np.random.default_rng(num_blocks).normal(1.5, 0.3, num_blocks)
    expected = nats.std() / math.sqrt(num_blocks) / block_chars / math.log(2)
    error = standard_error(nats, np.full(num_blocks, float(block_chars)))
    assert error == pytest.approx(expected, rel=0.08)


@settings(deadline=None, max_examples=20)
@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 99))
def test_error_scales(scale: float, seed: int) -> None:
    """Blocks that cost c times as much have c times the error; c times as long ones a c-th of it."""
    nats, num_chars = np.random.default_rng(seed).exponential(100, 30), np.full(30, 256.0)
    error = standard_error(nats, num_chars)
    assert standard_error(scale * nats, num_chars) == pytest.approx(scale * error, rel=1e-9)
    assert standard_error(nats, scale * num_chars) == pytest.approx(error / scale, rel=1e-9)


def test_error_of_equal_blocks() -> None:
    """Blocks that all cost the same per character leave no doubt, however long each is."""
    num_chars = np.arange(10.0, 40.0)
    assert standard_error(1.5 * num_chars, num_chars) == pytest.approx(0, abs=1e-12)


def test_more_text_has_less_error() -> None:
    """Four times as many blocks of the same kind halve the error."""
    nats = np.random.default_rng(1).exponential(100, 100)
    few, many = (standard_error(np.tile(nats, k), np.full(100 * k, 256.0)) for k in (1, 4))
    assert many == pytest.approx(few / 2, rel=0.08)
