"""The weights of a mixture, fitted on text that no member was trained on.

Both problems are convex, so that the best weights are found from any beginning, and are never worse on the
fitting text than the best member alone.
"""

import numpy as np

from charseq.arrays import FloatArray
from charseq.network.loss import log_softmax
from charseq.scoring.predictions import Predictions, at_targets

MAX_ITERATIONS = 100
GAIN = 1e-9
"""The fit ends when an iteration gains fewer nats per token than this."""


def fit(predictions: Predictions, rule: str) -> FloatArray:
    """Return the weights (M,) of the mixture that gives the targets the highest probability."""
    return _fit_linear(predictions) if rule == "linear" else _fit_log_linear(predictions)


def _fit_linear(predictions: Predictions) -> FloatArray:
    """Return the weights by expectation maximisation (Dempster, Laird and Rubin 1977).

    Each step sets a weight to the mean share that its member has in the probabilities of the targets.
    """
    p = np.exp(predictions.target_log_p())
    weights: FloatArray = np.full(len(p), 1 / len(p))
    before = -np.inf
    for _ in range(MAX_ITERATIONS):
        shares = weights[:, None] * p
        total = shares.sum(axis=0)
        weights = np.mean(shares / total, axis=1)
        now = np.log(total).mean()
        if now - before < GAIN:
            break
        before = now
    weights /= weights.sum()
    return weights


def _fit_log_linear(predictions: Predictions) -> FloatArray:
    """Return the weights by Newton's method on those that are above zero, or whose slope leads there.

    The loss is convex in the weights: its gradient is E[log p_i] - log p_i(target), and its Hessian the
    covariance of the members' log p, under the mixture, in the mean over all tokens.
    """
    weights = np.full(predictions.num_members, 1 / predictions.num_members)
    loss, gradient, hessian = _loss(predictions, weights)
    for _ in range(MAX_ITERATIONS):
        free = (weights > 0) | (gradient < 0)
        step = np.zeros_like(weights)
        ridge = 1e-9 * np.eye(int(free.sum()))
        step[free] = np.linalg.solve(hessian[np.ix_(free, free)] + ridge, gradient[free])
        size = 1.0
        while size > GAIN:
            new = np.maximum(weights - size * step, 0.0)
            found = _loss(predictions, new)
            if found[0] < loss:
                break
            size /= 2
        if size <= GAIN or loss - found[0] < GAIN:
            break
        weights, (loss, gradient, hessian) = new, found
    return _best_of(predictions, weights, loss)


def _best_of(predictions: Predictions, weights: FloatArray, loss: float) -> FloatArray:
    """Return the `weights`, or those of the best member alone if rounding made its loss the smaller one."""
    alone = -predictions.target_log_p().mean(axis=1)
    best = int(alone.argmin())
    return weights if loss <= alone[best] else np.eye(predictions.num_members)[best]


def _loss(predictions: Predictions, weights: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    """Return the mean nats of a log-linear mixture, their gradient (M,) and Hessian (M, M)."""
    num = predictions.num_members
    nats, gradient, hessian = 0.0, np.zeros(num), np.zeros((num, num))
    for log_p, targets in predictions.blocks():
        mixed = log_softmax(np.tensordot(weights, log_p, axes=1))
        p = np.exp(mixed)
        nats -= at_targets(mixed, targets).sum()
        means = np.einsum("kv,mkv->mk", p, log_p)
        gradient += (means - at_targets(log_p, targets)).sum(axis=1)
        deviations = log_p - means[..., None]
        hessian += np.einsum("ikv,jkv->ij", deviations * p, deviations)
    n = len(predictions)
    return float(nats / n), gradient / n, hessian / n
