import os

import numpy as np
import pytest

from charseq.arrays import ALIGNMENT, shared_zeros, zeros
from tests.builders import pairwise


@pytest.mark.parametrize(("shape", "dtype"), pairwise([(3,), (2, 3, 4), (0, 3)], [np.float32, np.complex128]))
def test_zeros_begin_at_a_cache_line(shape: tuple[int, ...], dtype: type) -> None:
    """An array is all zeros, contiguous, of the shape and dtype asked for, and begins at a cache line."""
    array = zeros(shape, dtype)
    assert array.shape == shape
    assert array.dtype == dtype
    assert not array.any()
    assert array.flags.c_contiguous
    assert array.size == 0 or array.ctypes.data % ALIGNMENT == 0


@pytest.mark.parametrize("shape", [(3,), (2, 3), (0, 3)])
def test_shared_zeros_are_zeros(shape: tuple[int, ...]) -> None:
    """A shared array is like any other, an empty one too."""
    array = shared_zeros(shape, np.float32)
    assert array.shape == shape
    assert array.dtype == np.float32
    assert not array.any()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_process_writes_to_the_same_memory() -> None:
    """What a child writes into a shared array the parent reads, into another array it does not."""
    shared, private = shared_zeros((2,), np.float64), zeros((2,), np.float64)
    child = os.fork()
    if child == 0:
        shared[1], private[1] = 5, 5
        os._exit(0)
    os.waitpid(child, 0)
    assert shared.tolist() == [0, 5]
    assert private.tolist() == [0, 0]


def test_memory_that_does_not_exist_is_refused() -> None:
    """Memory that does not exist is refused as such."""
    with pytest.raises(MemoryError):
        shared_zeros((2**55,), np.float64)
