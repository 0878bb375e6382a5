"""Plans: the ways to distribute a batch over the cores of this machine."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """The number of shards of a batch, and the number of BLAS threads for each product."""

    num_shards: int = 1
    blas_threads: int = 1

    def __str__(self) -> str:
        whole = "one piece" if self.num_shards == 1 else f"{self.num_shards} shards, a core for each"
        return f"{whole}, {self.blas_threads} cores for each product" if self.blas_threads > 1 else whole


def num_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def plans(num_cores: int, num_streams: int) -> list[Plan]:
    """Return the plans to try: one core, all cores in each product, and shards of at least two streams."""
    shards = [k for k in (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64) if k <= num_cores and 2 * k <= num_streams]
    whole = [Plan(1, num_cores)] if num_cores > 1 else []
    return [Plan(), *whole, *(Plan(k) for k in shards[-3:])]
