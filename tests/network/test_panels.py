from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("numba")
from charseq.network.panels import (
    SUMS_AT_ONCE,
    Panels,
    look_up,
    multiply_add,
    multiply_add_steps,
    multiply_panels,
    pack_steps,
    rows_in_panels,
    sum_by_token,
)
from charseq.network.tiles import ROWS
from charseq.text import UNSEEN

Array: TypeAlias = NDArray[Any]

BLOCK: Array = np.zeros((ROWS, ROWS), np.float32)
ROW_COUNTS = [1, 15, 16, 33, 64, 144]
"""Less than a panel, whole panels, as many as are taken together for a single column, and others."""


def numbers(*shape: int) -> Array:
    """Return small whole numbers, whose products are exact in single precision."""
    rng = np.random.default_rng(len(shape))
    return rng.integers(-8, 9, shape).astype(np.float32)


def in_panels(matrix: Array) -> Array:
    panels = Panels(*matrix.shape, np.float32)
    panels.load_(matrix)
    return panels.memory


@pytest.mark.parametrize("num_streams", [*range(1, 18), 24, 25, 32, 47])
@pytest.mark.parametrize("num_rows", ROW_COUNTS)
def test_a_product_is_added_for_every_number_of_rows_and_streams(num_rows: int, num_streams: int) -> None:
    """M x is added to what is there, wherever the tiles end, and nothing else is written."""
    for num_columns in (1, 7, 50):
        M, x, memory = (
            numbers(num_rows, num_columns),
            numbers(num_columns, num_streams),
            numbers(num_rows + 1, num_streams),
        )
        before = memory.copy()
        multiply_add(in_panels(M), x, memory[:num_rows], BLOCK)
        np.testing.assert_array_equal(memory[:num_rows], before[:num_rows] + M @ x)
        np.testing.assert_array_equal(memory[num_rows], before[num_rows])


@pytest.mark.parametrize("num_rows", ROW_COUNTS)
def test_steps_that_are_multiplied_together_have_the_bits_of_each_alone(num_rows: int) -> None:
    """A sum has one order for every number of steps, also where the last of them do not fill a tile."""
    rng = np.random.default_rng(0)
    M, x, begin = (
        rng.normal(size=shape).astype(np.float32)
        for shape in ((num_rows, 50), (50, ROWS), (ROWS, num_rows, 1))
    )
    panels, alone = in_panels(M), begin.copy()
    for t in range(ROWS):
        multiply_add(panels, np.ascontiguousarray(x[:, t : t + 1]), alone[t], BLOCK)
    for num_steps in range(1, ROWS + 1):
        together = begin.copy()
        multiply_add_steps(panels, x, together[:num_steps], BLOCK)
        np.testing.assert_array_equal(together[:num_steps], alone[:num_steps])
        np.testing.assert_array_equal(together[num_steps:], begin[num_steps:])


@pytest.mark.parametrize("num_columns", [1, 16, 33])
@pytest.mark.parametrize("num_rows", ROW_COUNTS)
def test_a_product_of_panels_sums_over_their_columns(num_rows: int, num_columns: int) -> None:
    """The product of two matrices in panels is A B'."""
    A, B = numbers(num_rows, 21), numbers(num_columns, 21)
    out: Array = np.full((num_rows, num_columns), np.nan, np.float32)
    multiply_panels(in_panels(A), in_panels(B), out, BLOCK)
    np.testing.assert_array_equal(out, A @ B.T)


def test_a_product_of_panels_sums_over_more_columns_than_are_taken_at_once() -> None:
    """The last part is shorter."""
    A, B = numbers(17, SUMS_AT_ONCE + 3), numbers(33, SUMS_AT_ONCE + 3)
    out: Array = np.full((17, 33), np.nan, np.float32)
    multiply_panels(in_panels(A), in_panels(B), out, BLOCK)
    np.testing.assert_array_equal(out, A @ B.T)


@pytest.mark.parametrize("num_streams", [1, 15, 16, 40])
@pytest.mark.parametrize("num_rows", ROW_COUNTS)
def test_every_step_and_stream_becomes_a_column(num_rows: int, num_streams: int) -> None:
    """Steps (T, R, N) are packed as the matrix (R, T*N)."""
    steps = numbers(3, num_rows, num_streams)
    panels: Array = np.zeros((rows_in_panels(num_rows) // ROWS, 3 * num_streams, ROWS), np.float32)
    pack_steps(steps, panels)
    np.testing.assert_array_equal(panels, in_panels(steps.transpose(1, 0, 2).reshape(num_rows, -1)))


@pytest.mark.parametrize("num_streams", [1, 15, 16, 40])
@pytest.mark.parametrize("num_rows", ROW_COUNTS)
def test_a_column_is_looked_up_for_every_token(num_rows: int, num_streams: int) -> None:
    """Each stream gets the column of its token plus the bias, and for UNSEEN the bias alone."""
    M, bias = numbers(num_rows, 5), numbers(num_rows)
    tokens = np.arange(num_streams, dtype=np.int32) % 6 + UNSEEN
    out: Array = np.full((num_rows, num_streams), np.nan, np.float32)
    panels = Panels(num_rows, 6, np.float32)
    panels.load_(M)
    look_up(panels.memory, bias, tokens, out)
    with_zero = np.hstack([M, np.zeros((num_rows, 1), np.float32)])  # UNSEEN is -1: the last column
    np.testing.assert_array_equal(out, bias[:, None] + with_zero[:, tokens])


@pytest.mark.parametrize("num_rows", ROW_COUNTS)
def test_columns_are_summed_by_token(num_rows: int) -> None:
    """Each token has the sum of its columns; one that does not occur has zero, and UNSEEN counts nowhere."""
    M, tokens = numbers(num_rows, 30), np.arange(30, dtype=np.int32) % 4 + UNSEEN
    out: Array = np.full((num_rows, 5), np.nan, np.float32)
    sum_by_token(in_panels(M), tokens, out, np.full((5, ROWS), np.nan, np.float32))
    np.testing.assert_array_equal(out, M @ (tokens[:, None] == np.arange(5)))
