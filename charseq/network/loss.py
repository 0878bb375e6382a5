"""Softmax and cross-entropy in nats, with the maximum subtracted so that logits of 1e4 stay finite."""

import numpy as np

from charseq.arrays import FloatArray, TokenArray

ROWS_AT_ONCE = 256
"""Predictions that go through the softmax together, while they are in the processor's cache."""


def cross_entropy_(logits: FloatArray, targets: TokenArray, *, num_targets: int = 0) -> float:
    """Return the mean of -log softmax(logits)[target] in nats; leave its gradient in `logits`.

    `logits` is (T, N, V), `targets` (T, N), none of them UNSEEN. Where they are a part of a larger batch of
    `num_targets`, both are this part's share of the mean. The gradient is (softmax - one-hot) / num_targets.
    """
    rows, num_targets = logits.reshape(-1, logits.shape[-1]), num_targets or targets.size
    nats, wide = 0.0, np.result_type(rows, np.float64)
    for begin in range(0, len(rows), ROWS_AT_ONCE):
        z = rows[begin : begin + ROWS_AT_ONCE]
        target = (np.arange(len(z)), targets.reshape(-1)[begin : begin + ROWS_AT_ONCE])
        z -= z.max(axis=1, keepdims=True)
        nats -= z[target].sum(dtype=wide).item()
        np.exp(z, out=z)
        total = z.sum(axis=1, keepdims=True)
        nats += np.log(total).sum(dtype=wide).item()
        total *= num_targets
        z /= total
        z[target] -= 1 / num_targets
    return nats / num_targets


def target_ranks(scores: FloatArray, targets: TokenArray) -> TokenArray:
    """Return the place of each target (...) among `scores` (..., V), 1 for the highest; ties go by number."""
    target = np.take_along_axis(scores, targets[..., None], axis=-1)
    before = np.arange(scores.shape[-1]) < targets[..., None]
    ahead = (scores > target) | ((scores == target) & before)
    return np.asarray(1 + ahead.sum(axis=-1, dtype=np.int32))


def log_softmax(logits: FloatArray) -> FloatArray:
    """Return log softmax over the last axis in float64, whatever the dtype of `logits`."""
    z = logits.astype(np.float64)
    z -= z.max(axis=-1, keepdims=True)
    z -= np.log(np.exp(z).sum(axis=-1, keepdims=True))
    return z
