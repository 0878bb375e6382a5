"""The array types of the project, and arrays in aligned or shared memory.

Outside the recurrent layers, time is the first axis and each stream a row: tokens (T, N), logits (T, N, V).
Inside the layers, each stream has a column at every step, as in the equations: h (T, H, N). So `W @ h[t]` is
one product, and each gate of a step is one contiguous block. The network works with any floating-point dtype:
float32 in use, float64 and complex128 in tests.
"""

import itertools
import math
import mmap
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[Any]
"""Floating-point numbers; complex ones in the tests of derivatives."""

TokenArray: TypeAlias = NDArray[np.int32]
"""Token numbers in [0, V), or UNSEEN (-1) for a character that is not in the vocabulary."""

IndexArray: TypeAlias = NDArray[np.int64]
"""Places in other arrays, and counts."""

BoolArray: TypeAlias = NDArray[np.bool_]

ALIGNMENT = 64
"""Bytes of a cache line: loading a vector register across two of them takes twice as long."""


def zeros(shape: tuple[int, ...], dtype: np.dtype | type) -> FloatArray:
    """Return an array of zeros that begins at a cache line, for fast access."""
    num_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    memory = np.zeros(num_bytes + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + num_bytes].view(dtype).reshape(shape)


def shared_zeros(shape: tuple[int, ...], dtype: np.dtype | type) -> FloatArray:
    """Return zeros in memory that this process shares with processes forked from it later.

    Raises MemoryError if there is not enough memory.
    """
    size = math.prod(shape)
    try:
        memory = mmap.mmap(-1, max(1, size * np.dtype(dtype).itemsize))  # a mapping may not be empty
    except OSError as error:
        raise MemoryError(*error.args) from None
    return np.frombuffer(memory, dtype, size).reshape(shape)


def even_slices(length: int, num: int) -> list[slice]:
    """Return `num` parts of equal length, or nearly so, that follow each other and cover `length` entries."""
    bounds = np.linspace(0, length, num + 1).round().astype(int).tolist()
    return [slice(begin, end) for begin, end in itertools.pairwise(bounds)]
