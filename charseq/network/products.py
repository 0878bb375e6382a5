"""Repeated products with the same matrix, in the form that this machine's BLAS computes fastest.

A recurrent product is (G*H, H) @ (H, N) with few streams N. The general routines of BLAS rearrange the matrix
again in each call, which takes a third of their time (measured with N = 32). On AVX-512 machines OpenBLAS has
kernels that multiply without rearranging, for products of up to 10^6 multiply-adds. So the matrix is
rearranged once per window, into blocks of that size, and the products are nearly as fast as large ones. Long
rows are cut into parts, whose products are added up. On other machines the matrix is used as it is.
`charseq bench` measures the result.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from charseq.arrays import FloatArray, zeros

SMALL_PRODUCT = 1_000_000
"""The largest number of multiply-adds for which OpenBLAS uses its kernels for small matrices."""
ARCHITECTURES = {"SkylakeX", "Cooperlake", "Sapphirerapids"}
"""The processors for which OpenBLAS has such kernels, by the names that it gives them."""
ONE_THREAD = 1 << 18
"""The largest number of multiply-adds that OpenBLAS leaves to one thread."""
MAX_BLOCK = 64
"""The largest number of rows in a block of a tiled product."""
MIN_PART = 256
"""The least length of a part of the rows: shorter ones take as long as the general routines."""
WIDE, ROWS_AT_ONCE = 512, 16
"""The columns from which on a matrix is wide, and the rows of a wide one that are copied together.

The numbers of a column lie in the same places of a cache, and more of them push each other out.
"""
LARGE, SHORT_PART = 4_000_000, 128
"""The least size of a matrix whose rows are cut into short parts for 16 streams: that is 1.4 times as fast.

A block of such a part fills one page of memory, within which the processor fetches ahead.
"""
FEW_STEPS = 4
"""For this number of products or fewer, rearranging the matrix does not pay."""
FEW_STEPS_OF_ONE = 64
"""The same for a single stream: transposing takes as long as 25 products, which it makes 5 % faster."""


class Blocks(NamedTuple):
    """The blocks of a matrix: `size` rows of each, 0 for a matrix in one piece, and the parts of a row."""

    size: int
    parts: int


class Product:
    """The product y = M x of a matrix M (rows, columns), set by `load_`, with many x (columns, N)."""

    def __init__(
        self, rows: int, columns: int, *, num_streams: int, num_products: int, dtype: np.dtype | type
    ) -> None:
        worthwhile = num_products > FEW_STEPS
        size, parts = blocks_of(rows, columns, num_streams) if worthwhile else Blocks(0, 1)
        self._is_copied = size > 0
        blocks = zeros((parts, rows // size if size else 0, columns // parts, size), dtype)
        self._matrices = blocks.transpose(0, 1, 3, 2)
        self._sums = zeros((parts if parts > 1 else 0, rows, num_streams), dtype)
        is_for_one = num_streams == 1 and num_products > FEW_STEPS_OF_ONE
        self._for_one = zeros((columns, rows), dtype) if is_for_one else None

    def load_(self, M: FloatArray) -> None:
        """Multiply with M from now on; load it again after a change, because it may have been copied."""
        if self._is_copied:
            parts, num_blocks, size, length = self._matrices.shape
            by_block = M.reshape(num_blocks, size, parts, length).transpose(2, 0, 1, 3)
            at_once = ROWS_AT_ONCE if M.flags.c_contiguous and M.shape[1] >= WIDE else size
            for begin in range(0, size, at_once):
                rows = slice(begin, begin + at_once)
                np.copyto(self._matrices[:, :, rows], by_block[:, :, rows])
        else:
            self._matrices = M[None, None]
        if self._for_one is not None:
            np.copyto(self._for_one, M.T)

    def into(self, out: FloatArray) -> Callable[[FloatArray], FloatArray]:
        """Return the function that writes M x, for x (columns, N), to `out` (rows, N)."""
        if self._for_one is not None:  # a single stream is a vector: M stored by columns is faster
            M, row = self._for_one, out.T
            return lambda x: np.matmul(x.T, M, out=row)
        parts, num_blocks = self._matrices.shape[:2]
        if parts == 1:
            return partial(np.matmul, self._matrices[0], out=out.reshape(num_blocks, -1, out.shape[-1]))
        return partial(self._add_parts, out)

    def _add_parts(self, out: FloatArray, x: FloatArray) -> FloatArray:
        """Write M x to `out`, the sum of the products of the parts of M and of x."""
        parts, num_blocks, size, length = self._matrices.shape
        by_block = self._sums.reshape(parts, num_blocks, size, -1)
        np.matmul(self._matrices, x.reshape(parts, 1, length, -1), out=by_block)
        result: FloatArray = np.add.reduce(self._sums, axis=0, out=out)
        return result

    def each(self, x: FloatArray, *, out: FloatArray) -> None:
        """Write M x[t] to `out` (T, rows, N) for all steps of x (T, columns, N)."""
        blocks = self._matrices[0]
        if x.shape[-1] == 1:  # a single stream: all its steps are one product
            np.matmul(x[:, :, 0], blocks[0].T, out=out[:, :, 0])
        elif len(self._matrices) > 1:
            for step, result in zip(x, out, strict=True):
                self._add_parts(result, step)
        else:
            by_block = out.reshape(len(x), len(blocks), -1, x.shape[-1]).transpose(1, 0, 2, 3)
            np.matmul(blocks[:, None], x, out=by_block)


class TiledProduct:
    """The product y = M x of a matrix M (rows, columns) with N columns x, in tiles of a few columns each.

    A product rounds differently with its width. Here each column is multiplied in a tile of `tile_width`
    columns, always at the same place in it, and in blocks of M so small that BLAS does not divide them among
    threads. So y depends on x alone, not on N or on the number of threads. M is copied.
    """

    def __init__(self, M: FloatArray, num_streams: int) -> None:
        (rows, columns), width = M.shape, tile_width()
        size = min(MAX_BLOCK, max(8, ONE_THREAD // (columns * width) // 8 * 8), -(-rows // 8) * 8)
        blocks = zeros((-(-rows // size), columns, size), M.dtype)
        self._matrices = blocks.transpose(0, 2, 1)
        padded = np.zeros((len(blocks) * size, columns), M.dtype)
        padded[:rows] = M
        np.copyto(self._matrices, padded.reshape(self._matrices.shape))
        self._tiles = zeros((num_streams // width, columns, width), M.dtype)
        out = zeros((len(padded), num_streams), M.dtype)
        by_block = out.reshape(len(blocks), size, *self._tiles.shape[::2])
        self._by_tile = by_block.transpose(0, 2, 1, 3)
        self.result = out[:rows]

    def __call__(self, x: FloatArray) -> FloatArray:
        """Return M x (rows, N) for x (columns, N); the next call overwrites it."""
        np.copyto(self._tiles, x.reshape(len(x), len(self._tiles), -1).transpose(1, 0, 2))
        np.matmul(self._matrices[:, None], self._tiles, out=self._by_tile)
        return self.result


def tile_width() -> int:
    """Return the number of columns of a tile: the one that is best for few texts on this machine."""
    return 4 if has_small_kernels() else 8


def blocks_of(rows: int, columns: int, num_streams: int) -> Blocks:
    """Return the best blocks for a matrix; of size 0 if it should stay in one piece.

    If N is a multiple of 16, the kernels are fastest with 8 rows; for any other N with 64 or 32 rows. With
    fewer rows they are slower than the general routines. Rows are cut into no more parts than they must be
    (measured on AVX-512).
    """
    if num_streams == 1 or not has_small_kernels():
        return Blocks(0, 1)
    if num_streams == 16 and rows * columns >= LARGE and rows % 8 == 0 and columns % SHORT_PART == 0:
        return Blocks(8, columns // SHORT_PART)
    parts = 1
    while parts == 1 or (columns % parts == 0 and columns // parts >= MIN_PART):
        for size in (8,) if num_streams % 16 == 0 else (64, 32):
            fits = size * (columns // parts) * num_streams <= SMALL_PRODUCT
            if fits and rows % size == 0 and rows > size:
                return Blocks(size, parts)
        parts *= 2
    return Blocks(0, 1)


@cache
def has_small_kernels() -> bool:
    """Return True if NumPy uses an OpenBLAS that has kernels for small matrices on this processor."""
    from threadpoolctl import threadpool_info

    return any(library.get("architecture") in ARCHITECTURES for library in threadpool_info())


def side_by_side(array: FloatArray, memory: FloatArray) -> FloatArray:
    """Return (T, F, N) as (F, T*N): a row per feature, so that one product sums over all steps and streams.

    The result is a copy in the flat array `memory`; for a single stream it is a view of `array`.
    """
    num_steps, num_features, num_streams = array.shape
    if num_streams == 1:
        return array[:, :, 0].T
    out = memory[: array.size].reshape(num_features, num_steps * num_streams)
    lay_side_by_side(array, out=out)
    return out


def lay_side_by_side(array: FloatArray, *, out: FloatArray) -> None:
    """Copy (T, F, N) to `out` (F, T*N)."""
    num_steps, num_features, num_streams = array.shape
    np.copyto(out.reshape(num_features, num_steps, num_streams), array.transpose(1, 0, 2))
