"""The speed of reading memory, and of products with weights that are larger than a core's cache.

Run it by hand: `python tests/speed/wide.py`. An LSTM with 1,024 units multiplies W (4096, 1024), 16 MB, with
the states of its streams at each step; on the way back it multiplies W'. The speed of reading that the last
column names is what the product takes from memory; it cannot be more than the first table says. One core;
minima of process time, so that other work on the machine hardly counts. Needs numba.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numba import njit
from threadpoolctl import threadpool_limits

from charseq.arrays import FloatArray, zeros
from charseq.network.panels import Panels, multiply_add
from charseq.network.products import Product
from charseq.network.tiles import ROWS

MEGABYTES = (0.5, 4, 16, 64)
SHAPES = ((1024, 256), (4096, 1024), (1024, 4096))
STREAMS = (8, 16, 32)
DTYPE = np.dtype(np.float32)


@njit(nogil=True, fastmath=True)
def total(numbers: FloatArray) -> Any:
    """Return the sum of all numbers, in any order: for that they must be read."""
    result = np.float32(0)
    for k in range(numbers.size):
        result += numbers[k]
    return result


def shortest(action: Callable[[], object], seconds: float = 1.0) -> float:
    """Return the shortest time in seconds that `action` takes this thread, within so many seconds of it."""
    action()
    best, end = np.inf, time.process_time() + seconds
    while time.process_time() < end:
        begin = time.thread_time()
        action()
        best = min(best, time.thread_time() - begin)
    return float(best)


def read_memory() -> None:
    """Print how fast one core reads numbers again and again."""
    print("megabytes  GB/s")
    for megabytes in MEGABYTES:
        numbers = np.ones(int(megabytes * 2**18), DTYPE)
        seconds = shortest(partial(total, numbers))
        print(f"{megabytes:9}  {1e-9 * numbers.nbytes / seconds:4.0f}")


def compiled_product(W: FloatArray, x: FloatArray, out: FloatArray) -> float:
    """Return the seconds of W x as numba computes it."""
    panels, block = Panels(*W.shape, DTYPE), zeros((ROWS, ROWS), DTYPE)
    panels.load_(W)
    return shortest(lambda: multiply_add(panels.memory, x, out, block))


def plain_product(W: FloatArray, x: FloatArray, out: FloatArray) -> float:
    """Return the seconds of W x as NumPy computes it, on one core."""
    product = Product(*W.shape, num_streams=x.shape[1], num_products=64, dtype=DTYPE)
    product.load_(W)
    multiply = product.into(out)
    with threadpool_limits(1):
        return shortest(lambda: multiply(x))


def multiply() -> None:
    """Print the speed of products with and without numba."""
    print("\nW          streams  numba: GFLOP/s  GB/s  numpy: GFLOP/s  GB/s")
    for rows, columns in SHAPES:
        W = np.random.default_rng(0).random((rows, columns), DTYPE)
        for num_streams in STREAMS:
            x, out = zeros((columns, num_streams), DTYPE), zeros((rows, num_streams), DTYPE)
            fast, plain = compiled_product(W, x, out), plain_product(W, x, out)
            speeds = [(2e-9 * W.size * num_streams / time, 1e-9 * W.nbytes / time) for time in (fast, plain)]
            (a, b), (c, d) = speeds
            print(f"{rows}x{columns:<6} {num_streams:7}  {a:14.0f}  {b:4.0f}  {c:14.0f}  {d:4.0f}")


if __name__ == "__main__":
    read_memory()
    multiply()
