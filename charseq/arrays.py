"""The array types of the project, and memory that BLAS and other processes like.

Outside the recurrent layers arrays are time-major with a row per stream: tokens (T, N), logits (T, N, V).
Inside, every step holds a column per stream, as in the equations: h (T, H, N), so that `W @ h[t]` is one
product and each gate of a step is one contiguous block. Everything below the model works in the dtype it is
given: float32 in use, float64 and complex128 in tests.
"""

import math
import mmap
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[Any]
"""Floating point; complex in the derivative tests."""

TokenArray: TypeAlias = NDArray[np.int32]
"""Token numbers in [0, V), or UNSEEN (-1) for a character the vocabulary lacks."""

BoolArray: TypeAlias = NDArray[np.bool_]

ALIGNMENT = 64
"""Bytes of a cache line: a vector register's load that crosses one takes twice as long."""


def zeros(shape: tuple[int, ...], dtype: np.dtype | type) -> FloatArray:
    """Return zeros that begin at a cache line."""
    num_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    memory = np.zeros(num_bytes + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + num_bytes].view(dtype).reshape(shape)


def shared_zeros(shape: tuple[int, ...], dtype: np.dtype | type) -> FloatArray:
    """Return zeros that this process and those it forks see alike, whoever writes."""
    size = math.prod(shape)
    try:
        memory = mmap.mmap(-1, max(1, size * np.dtype(dtype).itemsize))  # a mapping may not be empty
    except OSError as error:
        raise MemoryError(*error.args) from None
    return np.frombuffer(memory, dtype, size).reshape(shape)
