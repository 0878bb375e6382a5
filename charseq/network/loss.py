"""Softmax and cross-entropy in nats, with the maximum subtracted so that logits of 1e4 stay finite."""

import numpy as np

from charseq.arrays import FloatArray, TokenArray


def cross_entropy_(logits: FloatArray, targets: TokenArray) -> float:
    """Return the mean of -log softmax(logits)[target] in nats; leave its gradient in `logits`.

    `logits` is (T, N, V), `targets` (T, N), none of them UNSEEN. The gradient is (softmax - one-hot) / (T N).
    """
    z = logits.reshape(-1, logits.shape[-1])
    picked = (np.arange(len(z)), targets.ravel())
    z -= z.max(axis=1, keepdims=True)
    z_target = z[picked]
    np.exp(z, out=z)
    total = z.sum(axis=1)
    loss = np.mean(np.log(total) - z_target)
    z *= (1 / (total * len(z)))[:, None]
    z[picked] -= 1 / len(z)
    return loss.item()  # type: ignore[no-any-return]


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
