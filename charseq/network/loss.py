"""Softmax and cross-entropy in nats, with the maximum subtracted so that logits of 1e4 stay finite."""

import numpy as np

from charseq.arrays import FloatArray, TokenArray

EXACT = 512
"""The most tokens for which prices are computed in float64, which is quick enough for them."""
ROWS_AT_ONCE = 256
"""The number of predictions that go through the softmax together: few enough for the processor's cache."""


def cross_entropy_(
    logits: FloatArray,
    targets: TokenArray,
    *,
    weights: FloatArray | None = None,
    total_weight: float | None = None,
) -> float:
    """Return the weighted mean of -log softmax(logits)[target] in nats; replace `logits` by its gradient.

    `logits` is (T, N, V). `targets` is (T, N), none of them UNSEEN. `weights` (T, N) are the weights of the
    targets, all 1 by default. `total_weight`, which must not be 0, is their sum by default. For a part of a
    larger batch, give that of the whole batch: both results are then this part's share. The gradient is
    (softmax - one-hot) * weight / total_weight.
    """
    rows = logits.reshape(-1, logits.shape[-1])
    if total_weight is None:
        total_weight = targets.size if weights is None else float(weights.sum())
    nats, wide = 0.0, np.result_type(rows, np.float64)
    for begin in range(0, len(rows), ROWS_AT_ONCE):
        z = rows[begin : begin + ROWS_AT_ONCE]
        target = (np.arange(len(z)), targets.reshape(-1)[begin : begin + ROWS_AT_ONCE])
        z -= z.max(axis=1, keepdims=True)
        w = None if weights is None else weights.reshape(-1, 1)[begin : begin + ROWS_AT_ONCE]
        nats -= _sum(z[target], w, wide)
        np.exp(z, out=z)
        total = z.sum(axis=1, keepdims=True)
        nats += _sum(np.log(total), w, wide)
        total *= total_weight
        z /= total
        z[target] -= 1 / total_weight
        if w is not None:
            z *= w.astype(z.real.dtype)  # of two types, numpy would need buffers larger than all else
    return nats / total_weight


def _sum(nats: FloatArray, weights: FloatArray | None, dtype: np.dtype) -> float:
    """Return the sum of `nats`, each times its weight (M, 1)."""
    if weights is not None:
        nats = nats.reshape(-1, 1) * weights
    total: float = nats.sum(dtype=dtype).item()
    return total


def log_softmax(logits: FloatArray) -> FloatArray:
    """Return log softmax over the last axis, in float64 for any dtype of `logits`."""
    z = logits.astype(np.float64)
    z -= z.max(axis=-1, keepdims=True)
    z -= np.log(np.exp(z).sum(axis=-1, keepdims=True))
    return z
