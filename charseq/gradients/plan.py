"""Plans: the number of parts in which a batch is computed at the same time, each on a core of its own.

A plan depends on the sizes of the model and of its windows and on the number of cores, and on no measurement:
so the same command on the same machine adds up its numbers in the same order, and gives the same bits.

Large weights are no exception. Without numba, BLAS could compute one piece with threads of its own: it does W
(4096, 1024) times 16, 32 or 64 streams at 48, 66 and 77 GFLOP/s on a core, and two shards times half of them
do so at 99, 101 and 97 (`network/products.py`, AVX-512). Without AVX-512 shards do 33 instead of 48, but
threads that wait for each other in every product suffer far more from other work on the machine.
"""

import os
from dataclasses import dataclass

MIN_STREAMS = 4
"""The fewest streams of a shard: with fewer, a product takes nearly as long as with this number."""
MIN_PRODUCTS = 4_000_000
"""The fewest products of a shard in a step: with fewer, it takes as long to share the work as to do it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The number of shards of a batch."""

    num_shards: int = 1

    def __str__(self) -> str:
        return "one piece" if self.num_shards == 1 else f"{self.num_shards} shards, a core for each"


def num_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def plan_for(num_weights: int, num_streams: int, num_steps: int, cores: int) -> Plan:
    """Return the plan for windows of T steps and N streams of a model with so many weights in products."""
    by_work = num_weights * num_streams * num_steps // MIN_PRODUCTS
    return Plan(max(1, min(cores, num_streams // MIN_STREAMS, by_work)))
