"""The compiled twin of `pricing.write_prices`."""

import math

import numpy as np

from charseq.arrays import FloatArray, TokenArray
from charseq.backend import compiled, inlined
from charseq.network.exponential import LOWEST, exponential
from charseq.network.loss import EXACT

LANES = 16
"""The number of maxima that are kept side by side, so that they fit the registers of the processor."""


@inlined
def _write_rank(x: FloatArray, target: int, row: int, ranks: TokenArray) -> None:
    """Write the rank of `target` by its logit among x (V,) to ranks[row]."""
    ahead = 0
    for k in range(target):
        ahead += x[k] >= x[target]
    for k in range(target + 1, len(x)):
        ahead += x[k] > x[target]
    ranks[row] = 1 + ahead


@inlined
def _price_row(
    x: FloatArray,
    target: int,
    top: float,
    row: int,
    nats: FloatArray,
    highest: FloatArray,
    entropies: FloatArray,
) -> None:
    """Write all but the rank for one row of logits x (V,) with the highest value `top`, in float64."""
    total, mean, high = 0.0, 0.0, np.float64(top)
    for k in range(len(x)):
        z = np.float64(x[k]) - high
        p = math.exp(z)
        total += p
        mean += p * z if p > 0 else 0.0
    log_total = math.log(total)
    nats[row] = log_total - (np.float64(x[target]) - high)
    if len(highest):
        highest[row] = -log_total
    if len(entropies):
        entropies[row] = log_total - mean / total


@compiled
def price_rows(
    logits: FloatArray,
    targets: TokenArray,
    nats: FloatArray,
    ranks: TokenArray,
    highest: FloatArray,
    entropies: FloatArray,
    scratch: FloatArray,
) -> None:
    """Write what `pricing.write_prices` does; empty arrays stand for numbers that were not asked for.

    `scratch` is (3, max(V, LANES)).
    """
    num_rows, size = logits.shape
    p, z, tops = scratch[0], scratch[1], scratch[2]
    for row in range(num_rows):
        x, target = logits[row], max(targets[row], 0)
        at_target, top = x[target], x[0]
        if size >= LANES:
            for j in range(LANES):
                tops[j] = x[j]
            for begin in range(LANES, size - LANES + 1, LANES):
                for j in range(LANES):
                    tops[j] = x[begin + j] if x[begin + j] > tops[j] else tops[j]
            for j in range(LANES):
                top = tops[j] if tops[j] > top else top
        for k in range(size - size % LANES, size):
            top = x[k] if x[k] > top else top
        if size <= EXACT:
            _price_row(x, target, top, row, nats, highest, entropies)
            if len(ranks):
                _write_rank(x, target, row, ranks)
            continue
        for k in range(size):
            d = x[k] - top
            z[k] = LOWEST if d < LOWEST else d
            p[k] = exponential(z[k])
        total = 0.0
        for k in range(size):
            total += np.float64(p[k])
        log_total = math.log(total)
        nats[row] = log_total - (np.float64(at_target) - np.float64(top))
        if len(ranks):
            _write_rank(x, target, row, ranks)
            highest[row] = -log_total
        if len(entropies):
            mean = 0.0
            for k in range(size):
                mean += np.float64(p[k] * z[k])
            entropies[row] = log_total - mean / total
