from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("numba")
from numba import njit

from charseq.network import edges
from charseq.network.tiles import FEW, ROWS
from charseq.text import UNSEEN

Array = NDArray[Any]
add_few_columns: Any = edges.add_few_columns
look_up_few: Any = edges.look_up_few
transpose_few: Any = edges.transpose_few


@njit  # type: ignore[untyped-decorator]
def add(panel: Array, x: Array, out: Array, num: int) -> None:
    add_few_columns(panel, x, out, num)


@njit  # type: ignore[untyped-decorator]
def transpose(source: Array, target: Array, num: int) -> None:
    transpose_few(source, target, num)


@njit  # type: ignore[untyped-decorator]
def look_up(panel: Array, bias: Array, tokens: Array, out: Array, num: int) -> None:
    look_up_few(panel, bias, tokens, out, num)


@pytest.mark.parametrize("num", range(1, FEW + 1))
def test_a_product_is_added_to_few_columns(num: int) -> None:
    """The other columns stay as they are, and the memory behind the array is not touched."""
    rng = np.random.default_rng(0)
    panel, x = (rng.integers(-8, 9, (7, size)).astype(np.float32) for size in (ROWS, num + 1))
    memory = np.ones((ROWS * (num + 1) + ROWS,), np.float32)
    out = memory[: ROWS * (num + 1)].reshape(ROWS, num + 1)
    add(panel, x, out, num)
    np.testing.assert_array_equal(out[:, :num], 1 + panel.T @ x[:, :num])
    np.testing.assert_array_equal(out[:, num], 1)
    np.testing.assert_array_equal(memory[out.size :], 1)


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
