"""Products with one matrix again and again: the shape in which this machine's BLAS does them fastest.

A recurrent product is (G*H, H) @ (H, N) with few streams N. General routines rearrange the matrix anew in
each call, which takes a third of their time (measured with N = 32). OpenBLAS has kernels that multiply
without rearranging, for AVX-512 machines and up to 10^6 multiply-adds: a matrix that is rearranged once per
window into blocks of that size goes through them at nearly the speed of large products. Elsewhere the matrix
is used as it is; `charseq bench` measures the result.
"""

from collections.abc import Callable
from functools import cache, partial

import numpy as np

from charseq.arrays import FloatArray, zeros

SMALL_PRODUCT = 1_000_000
"""Multiply-adds up to which OpenBLAS uses its kernels for small matrices."""
ARCHITECTURES = {"SkylakeX", "Cooperlake", "Sapphirerapids"}
"""The names that OpenBLAS gives to processors for which it has such kernels."""
FEW_STEPS = 4
"""Products that rearranging a matrix must be worth, at least."""


class Product:
    """y = M x for a matrix M (rows, columns) and many x (columns, N); `load_` says which M."""

    def __init__(
        self, rows: int, columns: int, *, num_streams: int, num_products: int, dtype: np.dtype | type
    ) -> None:
        worthwhile = num_products > FEW_STEPS
        self._size = block_size(rows, columns, num_streams) if worthwhile else 0
        self._blocks = zeros((rows // self._size if self._size else 0, columns, self._size), dtype)
        self._matrices = self._blocks.transpose(0, 2, 1)
        self._for_one = zeros((columns, rows), dtype) if worthwhile and num_streams == 1 else None

    def load_(self, M: FloatArray) -> None:
        """Multiply with M from now on; whether later changes of it show is not said."""
        if self._size:
            np.copyto(self._matrices, M.reshape(self._matrices.shape))
        else:
            self._matrices = M[None]
        if self._for_one is not None:
            np.copyto(self._for_one, M.T)

    def into(self, out: FloatArray) -> Callable[[FloatArray], FloatArray]:
        """Return the function that writes M x, for x (columns, N), to `out` (rows, N)."""
        if self._for_one is not None:  # a single stream is a vector, for which M is better stored by columns
            M, row = self._for_one, out.T
            return lambda x: np.matmul(x.T, M, out=row)
        return partial(np.matmul, self._matrices, out=out.reshape(len(self._matrices), -1, out.shape[-1]))

    def each(self, x: FloatArray, *, out: FloatArray) -> None:
        """Write M x[t] to `out` (T, rows, N) for all steps of x (T, columns, N)."""
        blocks = self._matrices
        if x.shape[-1] == 1:  # a single stream: its steps are the columns of one product
            np.matmul(x[:, :, 0], blocks[0].T, out=out[:, :, 0])
        else:
            by_block = out.reshape(len(x), len(blocks), -1, x.shape[-1]).transpose(1, 0, 2, 3)
            np.matmul(blocks[:, None], x, out=by_block)


def block_size(rows: int, columns: int, num_streams: int) -> int:
    """Return how many rows a block should have, or 0 where M is better left in one piece.

    Kernels for N a multiple of 16 are best with 8 rows, those for other N with 64 or 32, and with fewer all
    lose to the general routines (measured on AVX-512).
    """
    if num_streams == 1 or not has_small_kernels():
        return 0
    for size in (8,) if num_streams % 16 == 0 else (64, 32):
        if rows % size == 0 and rows > size and size * columns * num_streams <= SMALL_PRODUCT:
            return size
    return 0


@cache
def has_small_kernels() -> bool:
    """Return whether NumPy multiplies with an OpenBLAS that has kernels for small matrices."""
    from threadpoolctl import threadpool_info

    return any(library.get("architecture") in ARCHITECTURES for library in threadpool_info())


def side_by_side(array: FloatArray, memory: FloatArray) -> FloatArray:
    """Return (T, F, N) as (F, T*N): a row per feature, so that one product sums over all steps and streams.

    The copy is laid into the flat array `memory`; a single stream needs none.
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
