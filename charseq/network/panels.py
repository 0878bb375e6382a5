"""Matrices in panels of ROWS rows, and their products, for users who have numba.

A recurrent product is (G*H, H) @ (H, N) with few streams N. A general routine rearranges the matrix in each
call. Here it is rearranged once per window, into panels whose numbers lie in the order in which they are
used. Import this module only if numba is installed.
"""

from typing import Any

import numpy as np
from numba.extending import intrinsic

from charseq.arrays import FloatArray, TokenArray, zeros
from charseq.backend import compiled
from charseq.network import edges, tiles
from charseq.network.edges import HAS_MASKS
from charseq.network.emitter import VECTOR_BYTES
from charseq.network.tiles import FEW, PANELS_AT_ONCE, ROWS

# In Python's eyes these functions have one argument more, which numba gives them.
add: Any = tiles.add
add_few_columns: Any = edges.add_few_columns
copy: Any = tiles.copy
few_columns: Any = tiles.few_columns
look_up_few: Any = edges.look_up_few
look_up_tile: Any = tiles.look_up_tile
one_column: Any = tiles.one_column
tile: Any = tiles.tile
transpose: Any = tiles.transpose
transpose_few: Any = edges.transpose_few

SUMS_AT_ONCE = 1024
"""The columns of two matrices in panels that are multiplied at once.

So a panel stays in the caches of a core for all the tiles that read it: with AVX2 the gradients of 2048 x 512
weights take a fifth less time.
"""
COLUMNS_AT_ONCE = 64
"""The columns of a matrix, each on memory pages of its own, that are copied to all panels together."""


class Panels:
    """A matrix (rows, columns) in panels (P, columns, ROWS); zero until `load_`."""

    def __init__(self, rows: int, columns: int, dtype: np.dtype | type) -> None:
        self.memory = zeros((-(-rows // ROWS), columns, ROWS), dtype)

    def load_(self, M: FloatArray) -> None:
        """Copy the matrix; load it again after a change."""
        if M.flags.c_contiguous:
            pack(M, self.memory)
        else:
            pack_columns(M.T, self.memory)


def rows_in_panels(num_rows: int) -> int:
    """Return the number of rows with those that fill the last panel."""
    return -(-num_rows // ROWS) * ROWS


@compiled
def pack(M: FloatArray, panels: FloatArray) -> None:
    """Write M to the first rows and columns in `panels`; the rest stays as it is."""
    num_columns = M.shape[1]
    for p in range(len(panels)):
        first = p * ROWS
        rows = min(ROWS, len(M) - first)
        whole = num_columns // ROWS * ROWS if rows == ROWS else 0
        for k in range(0, whole, ROWS):
            transpose(M[first:, k:], panels[p, k:])
        for k in range(whole, num_columns):
            for r in range(rows):
                panels[p, k, r] = M[first + r, k]


@compiled
def pack_columns(columns: FloatArray, panels: FloatArray) -> None:
    """Do what `pack` does for M', given the rows of `columns`; a few at a time, which caches can hold."""
    num_columns, num_rows = columns.shape
    for begin in range(0, num_columns, COLUMNS_AT_ONCE):
        for p in range(len(panels)):
            first = p * ROWS
            rows = min(ROWS, num_rows - first)
            for k in range(begin, min(begin + COLUMNS_AT_ONCE, num_columns)):
                if rows == ROWS:
                    copy(columns[k, first:], panels[p, k])
                    continue
                for r in range(rows):
                    panels[p, k, r] = columns[k, first + r]


@compiled
def pack_steps(steps: FloatArray, panels: FloatArray) -> None:
    """Write the rows of `steps` (T, R, N) to `panels` (P, T*N, ROWS), a column for each step and stream."""
    for t in range(len(steps)):
        pack_step(t, steps[t], panels)


@compiled
def pack_step(t: int, step: FloatArray, panels: FloatArray) -> None:
    """Write the rows of `step` (R, N), which is step t, to their place in `panels` (P, T*N, ROWS)."""
    num_rows, num_streams = step.shape
    for p in range(len(panels)):
        first, k = p * ROWS, t * num_streams
        rows = min(ROWS, num_rows - first)
        whole = num_streams // ROWS * ROWS if rows == ROWS else 0
        for n in range(0, whole, ROWS):
            transpose(step[first:, n:], panels[p, k + n :])
        if HAS_MASKS and rows == ROWS and whole < num_streams:
            transpose_few(step[first:, whole:], panels[p, k + whole :], num_streams - whole)
            continue
        for n in range(whole, num_streams):
            for r in range(rows):
                panels[p, k + n, r] = step[first + r, n]


@compiled
def look_up(panels: FloatArray, bias: FloatArray, tokens: TokenArray, out: FloatArray) -> None:
    """Write to `out` (rows, N) the columns of the matrix in `panels` for `tokens` (N,), plus `bias` (rows,).

    For UNSEEN it is the bias alone: the last column in `panels` is zero.
    """
    num_rows, num_streams = out.shape
    unseen = panels.shape[1] - 1
    for p in range(len(panels)):
        first = p * ROWS
        rows = min(ROWS, num_rows - first)
        whole = num_streams // ROWS * ROWS if rows == ROWS else 0
        for n in range(0, whole, ROWS):
            look_up_tile(panels[p], bias[first:], tokens[n:], out[first:, n:])
        if HAS_MASKS and rows == ROWS and whole < num_streams:
            look_up_few(panels[p], bias[first:], tokens[whole:], out[first:, whole:], num_streams - whole)
            continue
        for n in range(whole, num_streams):
            token = tokens[n] if tokens[n] >= 0 else unseen
            for r in range(rows):
                out[first + r, n] = bias[first + r] + panels[p, token, r]


@compiled
def multiply_add(panels: FloatArray, x: FloatArray, out: FloatArray, block: FloatArray) -> None:
    """Add M x to `out` (rows, N), for the matrix M in `panels` and x (columns, N).

    `block` is scratch of shape (ROWS, ROWS), for sums that do not fill a tile.
    """
    num_rows, num_streams = out.shape
    if num_streams == 1:
        _multiply_add_one(panels, x, out, block)
        return
    width = VECTOR_BYTES // x.itemsize
    whole = num_streams // width * width
    rest = num_streams - whole
    step = (rest + FEW - 1) // FEW  # the parts of the rest, then their columns
    step = (rest + step - 1) // step if rest else 1
    for p in range(len(panels)):
        first = p * ROWS
        rows = min(ROWS, num_rows - first)
        for n in range(0, whole, width):
            if rows == ROWS:  # as `_add_tile` does, without a call, which takes as long as ten columns
                tile(panels[p], x[:, n:], out[first:, n:])
            else:
                _add_tile(panels[p], x[:, n:], out[first:, n:], rows, width, block)
        for n in range(whole, num_streams, step):
            few = min(step, num_streams - n)
            if rows < ROWS:
                block[...] = 0
            target = out[first:, n:] if rows == ROWS else block[:, :]
            add_few_columns(panels[p], x[:, n:], target, few)
            if rows < ROWS:
                for r in range(rows):
                    for j in range(few):
                        out[first + r, n + j] += block[r, j]


@compiled
def multiply_add_steps(panels: FloatArray, x: FloatArray, out: FloatArray, block: FloatArray) -> None:
    """Add M x to each of up to ROWS steps of one stream in `out` (T, rows, 1).

    Step t is the column t of x (columns, ROWS). Its sums have the order, and so the bits, of `multiply_add`
    for this step alone, but weights are read once for all steps.
    """
    for p in range(len(panels)):
        first = p * ROWS
        if len(out) <= FEW:
            few_columns(panels[p], x, block, len(out))
        else:
            block[...] = 0
            tile(x, panels[p], block)
        for t in range(len(out)):
            for r in range(min(ROWS, out.shape[1] - first)):
                out[t, first + r, 0] += block[t, r]


def _apart(function: Any) -> Any:
    """Return a function that calls a compiled product from compiled code, and is never a copy of it.

    The compiler copies where it can, and would compile all tiles again for each place where they are called.
    """

    @intrinsic
    def call(typing: Any, panels: Any, x: Any, out: Any, block: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            found = function.get_compile_result(signature)
            context.add_linking_libs([found.library])
            callee = context.declare_function(builder.module, found.fndesc)
            context.call_conv.call_function(
                builder, callee, signature.return_type, signature.args, arguments, attrs=("noinline",)
            )
            return context.get_dummy_value()

        kind = typing.resolve_value_type(function)
        return typing.resolve_function_type(kind, (panels, x, out, block), {}), generate

    return call


multiply_add_apart = _apart(multiply_add)
multiply_add_steps_apart = _apart(multiply_add_steps)


@compiled
def _add_tile(
    panel: FloatArray, x: FloatArray, out: FloatArray, rows: int, columns: int, block: FloatArray
) -> None:
    """Add a panel times a tile's columns of x to the first `rows` and `columns` of `out`."""
    if rows == ROWS and columns * x.itemsize == VECTOR_BYTES:
        tile(panel, x, out)
        return
    block[...] = 0
    tile(panel, x, block)
    for r in range(rows):
        for n in range(columns):
            out[r, n] += block[r, n]


@compiled
def _multiply_add_one(panels: FloatArray, x: FloatArray, out: FloatArray, block: FloatArray) -> None:
    num_panels = len(panels)
    whole = len(out) // (ROWS * PANELS_AT_ONCE) * PANELS_AT_ONCE
    for p in range(0, whole, PANELS_AT_ONCE):
        one_column(panels[p:], x, out[p * ROWS :])
    for p in range(whole, num_panels):
        few_columns(panels[p], x, block, 1)
        for r in range(min(ROWS, len(out) - p * ROWS)):
            out[p * ROWS + r, 0] += block[0, r]


@compiled
def multiply_panels(left: FloatArray, right: FloatArray, out: FloatArray, block: FloatArray) -> None:
    """Write to `out` (rows, columns) the product A B', for A in the panels `left` and B in those of `right`.

    Both have the same columns, over which the product sums.
    """
    out[...] = 0
    add_panels(left, right, out, block)


@compiled
def add_panels(left: FloatArray, right: FloatArray, out: FloatArray, block: FloatArray) -> None:
    """Add to `out` what `multiply_panels` writes. A last panel with few rows takes the place of columns."""
    num_sums = left.shape[1]
    for begin in range(0, num_sums, SUMS_AT_ONCE):
        end = min(begin + SUMS_AT_ONCE, num_sums)
        _add_part(left[:, begin:end], right[:, begin:end], out, block)


@compiled
def _add_part(left: FloatArray, right: FloatArray, out: FloatArray, block: FloatArray) -> None:
    num_rows, num_columns = out.shape
    width = VECTOR_BYTES // left.itemsize
    for p in range(len(left)):
        rows = min(ROWS, num_rows - p * ROWS)
        if rows <= FEW:
            for q in range(len(right)):
                few_columns(right[q], left[p], block, rows)
                for r in range(rows):
                    for j in range(min(ROWS, num_columns - q * ROWS)):
                        out[p * ROWS + r, q * ROWS + j] += block[r, j]
            continue
        for first in range(0, num_columns, width):
            columns = min(width, num_columns - first)
            x = right[first // ROWS][:, first % ROWS :]
            _add_tile(left[p], x, out[p * ROWS :, first:], rows, columns, block)


@compiled
def sum_by_token(panels: FloatArray, tokens: TokenArray, out: FloatArray, table: FloatArray) -> None:
    """Write to `out` (rows, V), for each token, the sum of the columns in `panels` where `tokens` has it.

    `tokens` (columns,) are UNSEEN where a column does not count. `table` (V, ROWS) is scratch.
    """
    for p in range(len(panels)):
        first = p * ROWS
        table[...] = 0
        for k in range(len(tokens)):
            if tokens[k] >= 0:
                add(panels[p, k], table[tokens[k]], table[tokens[k]])
        for r in range(min(ROWS, len(out) - first)):
            for token in range(out.shape[1]):
                out[first + r, token] = table[token, r]
