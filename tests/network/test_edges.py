from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("numba")
from numba import njit

from charseq.network import edges
from charseq.network.tiles import ROWS
from charseq.text import UNSEEN

Array = NDArray[Any]
add_few: Any = edges.add_few
look_up_few: Any = edges.look_up_few
transpose_few: Any = edges.transpose_few


@njit  # type: ignore[untyped-decorator]
def add(block: Array, out: Array, num: int) -> None:
    add_few(block, out, num)


@njit  # type: ignore[untyped-decorator]
def transpose(source: Array, target: Array, num: int) -> None:
    transpose_few(source, target, num)


@njit  # type: ignore[untyped-decorator]
def look_up(panel: Array, bias: Array, tokens: Array, out: Array, num: int) -> None:
    look_up_few(panel, bias, tokens, out, num)


@pytest.mark.parametrize("num", range(1, ROWS))
def test_few_rows_are_added_to_columns(num: int) -> None:
    """The other columns stay as they are, and the memory behind the array is not touched."""
    block = np.random.default_rng(0).normal(size=(ROWS, ROWS)).astype(np.float32)
    memory = np.ones((ROWS * num + ROWS,), np.float32)
    add(block, memory[: ROWS * num].reshape(ROWS, num), num)
    np.testing.assert_array_equal(memory[: ROWS * num].reshape(ROWS, num), 1 + block[:num].T)
    np.testing.assert_array_equal(memory[ROWS * num :], 1)


@pytest.mark.parametrize("num", range(1, ROWS))
def test_few_columns_become_rows(num: int) -> None:
    """The rows behind them stay as they are."""
    source = np.random.default_rng(0).normal(size=(ROWS, num)).astype(np.float32)
    target = np.ones((ROWS + 1, ROWS), np.float32)
    transpose(source, target, num)
    np.testing.assert_array_equal(target[:num], source.T)
    np.testing.assert_array_equal(target[num:], 1)


@pytest.mark.parametrize("num", range(1, ROWS))
def test_few_tokens_are_looked_up(num: int) -> None:
    """UNSEEN is the last column, and neither tokens nor memory behind the first ones are touched."""
    rng = np.random.default_rng(0)
    panel, bias = rng.normal(size=(5, ROWS)).astype(np.float32), np.ones(ROWS, np.float32)
    tokens = rng.integers(UNSEEN, 4, num, dtype=np.int32)
    memory: Array = np.ones((ROWS + 1) * num, np.float32)
    look_up(panel, bias, tokens, memory.reshape(ROWS + 1, num), num)
    expected = np.vstack([panel[tokens].T + 1, np.ones((1, num), np.float32)])
    np.testing.assert_array_equal(memory.reshape(ROWS + 1, num), expected)
