"""The numbers taken from logits when a text is scored: prices, ranks, the highest probability, entropies.

Only those that are asked for are computed. For a vocabulary of up to EXACT tokens the softmax is float64. For
a larger one float32 logits stay float32: their exponentials are float32, and only the sums are float64, with
an error of less than 1e-6 nats. Distributions as a whole are given by `loss.log_softmax`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from charseq.arrays import FloatArray, TokenArray
from charseq.network.loss import EXACT

MOST_LOGITS = 1 << 18
"""The most logits that are looked at together: few enough for the processor's cache."""
LEAST_ROWS = 256
"""The distributions that are looked at together at least: with fewer, reading the projection takes longer.

Measured with V = 6,000 and H = 256: 98 us a distribution in blocks of 32, 55 of 256, 54 of 1,024.
"""


class Prices(NamedTuple):
    """The numbers at M places, (M,) each; None for those that were not asked for.

    `nats` are -log p of the targets. `ranks` are theirs, 1 for the likeliest token; of equally likely tokens,
    the smaller number comes first. `highest` is log p of the likeliest token. `entropies` are in nats.
    """

    nats: FloatArray
    ranks: TokenArray | None
    highest: FloatArray | None
    entropies: FloatArray | None

    @classmethod
    def empty(cls, num_places: int, *, ranks: bool, entropies: bool) -> "Prices":
        """Return memory for prices at so many places; `ranks` asks for the highest probabilities, too."""
        return cls(
            np.empty(num_places),
            np.empty(num_places, np.int32) if ranks else None,
            np.empty(num_places) if ranks else None,
            np.empty(num_places) if entropies else None,
        )

    def at(self, places: Any) -> "Prices":
        """Return the numbers at some of the places; for a slice they share the memory."""
        some: Any = (None if numbers is None else numbers[places] for numbers in self)
        return Prices(*some)


def rows_at_once(vocab_size: int) -> int:
    """Return the number of distributions that are looked at together."""
    return max(LEAST_ROWS, MOST_LOGITS // vocab_size // 16 * 16)


def write_prices(logits: FloatArray, targets: TokenArray, *, out: Prices) -> None:
    """Write the prices of `targets` (M,) by their `logits` (M, V), some of which may be -infinity, to `out`.

    The prices of UNSEEN targets are meaningless.
    """
    at_target = np.take_along_axis(logits, targets[:, None], axis=-1)  # -1 is a place like others
    top = logits.max(axis=-1, keepdims=True)
    z = np.subtract(logits, top, dtype=np.float64 if logits.shape[-1] <= EXACT else None)
    p = np.exp(z)
    total = p.sum(axis=-1, dtype=np.float64)
    log_total = np.log(total)
    np.subtract(log_total, np.subtract(at_target, top, dtype=np.float64)[:, 0], out=out.nats)
    if out.ranks is not None and out.highest is not None:
        out.ranks[...] = _ranks(logits, at_target, targets)
        np.negative(log_total, out=out.highest)
    if out.entropies is not None:
        np.multiply(p, z, out=p, where=p > 0)
        np.subtract(log_total, p.sum(axis=-1, dtype=np.float64) / total, out=out.entropies)


def write_known_prices(log_p: FloatArray, targets: TokenArray, *, out: Prices) -> None:
    """Do what `write_prices` does for logits of which the softmax is known: they are log p (M, V)."""
    at_target = np.take_along_axis(log_p, targets[:, None], axis=-1)
    np.negative(at_target[:, 0], out=out.nats)
    if out.ranks is not None and out.highest is not None:
        out.ranks[...] = _ranks(log_p, at_target, targets)
        log_p.max(axis=-1, out=out.highest)
    if out.entropies is not None:
        np.negative((np.exp(log_p) * log_p).sum(axis=-1), out=out.entropies)


def _ranks(logits: FloatArray, at_target: FloatArray, targets: TokenArray) -> TokenArray:
    """Return the rank of each of `targets` (M,), with the logits `at_target` (M, 1)."""
    ranks = 1 + (logits > at_target).sum(axis=-1, dtype=np.int32)
    equal = logits == at_target
    rows = np.flatnonzero(equal.sum(axis=-1, dtype=np.int32) > 1)
    if len(rows):
        before = np.arange(logits.shape[-1]) < targets[rows, None]
        ranks[rows] += (equal[rows] & before).sum(axis=-1, dtype=np.int32)
    return np.asarray(ranks, np.int32)


def compiled_prices() -> Callable[..., None]:
    """Return the compiled twin of `write_prices`; logits that are not float32 are left to the original."""
    from charseq.network.compiled import LANES, price_rows

    no_ranks, none = np.empty(0, np.int32), np.empty(0)

    def write(logits: FloatArray, targets: TokenArray, *, out: Prices) -> None:
        if logits.dtype != np.float32:
            write_prices(logits, targets, out=out)
            return
        ranks = no_ranks if out.ranks is None else out.ranks
        highest = none if out.highest is None else out.highest
        entropies = none if out.entropies is None else out.entropies
        scratch = np.empty((3, max(logits.shape[-1], LANES)), np.float32)
        price_rows(logits, targets, out.nats, ranks, highest, entropies, scratch)

    return write
