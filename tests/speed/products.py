"""The speed of recurrent products in compiled tiles: python tests/speed/products.py [H N]...

For each size, GFLOP/s of the product forward, (4H, H) by (H, N), and back, (H, 4H) by (4H, N): in tiles, and
by NumPy's library. The peak is that of multiply-adds of registers alone, on one core. Each is the best of
many calls by the clock, so other work beside it does not count as long as some calls are left alone.

Variables let numba and OpenBLAS take the processor for another one, here for one with AVX2 at most:

    export NUMBA_CPU_NAME=znver3 NUMBA_CPU_FEATURES=+avx,+avx2,+fma OPENBLAS_CORETYPE=Zen
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic
from threadpoolctl import threadpool_limits

from charseq.arrays import FloatArray, zeros
from charseq.network.emitter import Emitter
from charseq.network.panels import Panels, multiply_add
from charseq.network.registers import registers
from charseq.network.tiles import ROWS

SIZES = [(256, 8), (256, 16), (128, 25), (128, 50), (512, 32)]
SECONDS, CHAINS, NUM_LOOPS = 0.5, 12, 20_000
DTYPE = np.float32


@intrinsic
def multiply_registers(typing: Any, memory: Any, count: Any) -> Any:
    """Do `count` times one multiply-add with each of CHAINS registers, and write them to `memory`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        emit = Emitter(context, builder, signature, arguments)
        width = registers().num_bytes // emit.size
        place = emit.pointer(emit.arrays[0])
        factor = emit.load(place, emit.vector(width))
        start = [emit.repeat(emit.number(k), width) for k in range(CHAINS)]
        sums = emit.loop(arguments[1], start, lambda now: [emit.multiply_add(x, factor, factor) for x in now])
        for k, total in enumerate(sums):
            emit.store(total, emit.after(place, (k + 1) * width * emit.size))
        return context.get_dummy_value()

    return types.void(memory, count), generate


multiply: Any = multiply_registers  # in Python's eyes it has one argument more, which numba gives it


@njit
def at_the_peak(memory: FloatArray, count: int) -> None:
    multiply(memory, count)


def seconds(call: Callable[[], object]) -> float:
    """Return the time of the fastest of many calls."""
    call()
    best, end = float("inf"), time.perf_counter() + SECONDS
    while (begin := time.perf_counter()) < end:
        call()
        best = min(best, time.perf_counter() - begin)
    return best


def rate(M: FloatArray, num_streams: int, peak: float) -> str:
    """Return the GFLOP/s of products with the matrix M, as text."""
    rng, (rows, columns) = np.random.default_rng(0), M.shape
    x, out, panels = (
        zeros((columns, num_streams), DTYPE),
        zeros((rows, num_streams), DTYPE),
        Panels(rows, columns, DTYPE),
    )
    x[...] = rng.normal(size=x.shape)
    panels.load_(M)
    block = zeros((ROWS, ROWS), DTYPE)
    work = 2e-9 * M.size * num_streams
    tiles = work / seconds(lambda: multiply_add(panels.memory, x, out, block))
    library = work / seconds(lambda: np.matmul(M, x, out=out))
    return f"{tiles:5.1f} ({tiles / peak:3.0%}), library {library:5.1f}"


def main(arguments: list[str]) -> None:
    """Measure the sizes given, or SIZES."""
    numbers = [int(argument) for argument in arguments]
    sizes = list(zip(numbers[::2], numbers[1::2], strict=True)) or SIZES
    memory: FloatArray = np.full(1024, 1e-3, DTYPE)
    multiply_adds: Any = at_the_peak
    work = 2e-9 * NUM_LOOPS * CHAINS * registers().num_bytes / memory.itemsize
    with threadpool_limits(1):
        peak = work / seconds(lambda: multiply_adds(memory, NUM_LOOPS))
        print(f"{registers().number} registers of {registers().num_bytes} bytes, peak {peak:.1f} GFLOP/s")
        for H, N in sizes:
            M = zeros((4 * H, H), DTYPE)
            M[...] = np.random.default_rng(1).normal(size=M.shape)
            back = np.ascontiguousarray(M.T)
            print(f"H {H:4d} N {N:3d}: forward {rate(M, N, peak)} | back {rate(back, N, peak)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
