"""The weights of a mixture, fitted on text that no member was trained on.

Both problems are convex, so that the best weights are found from any beginning. What is returned is never
worse on the fitting text than the best member alone.
"""

import numpy as np

from charseq.arrays import FloatArray
from charseq.models.mixture import RULES
from charseq.network.loss import log_softmax
from charseq.scoring.predictions import Predictions, at_targets

MAX_ITERATIONS, MAX_EM_ITERATIONS = 100, 2000
GAIN = 1e-10
"""The fit ends when fewer nats per token than this are to be gained."""
ROUNDING = 1e-12
"""Nats per token that say nothing: so much may the best member alone seem better for its rounding."""
PULL = 0.01
"""The pull on log-linear weights to where they began, as a share of what one token pulls."""
NEAR_ZERO = 1e-6
"""A weight as small as this, which should be smaller still, becomes zero in the next step."""


def fit(predictions: Predictions, rule: str) -> FloatArray:
    """Return the weights (M,) of the mixture that gives the targets the highest probability."""
    weights = _fit_linear(predictions) if rule == "linear" else _fit_log_linear(predictions)
    best_alone: FloatArray = np.eye(len(weights))[predictions.target_log_p().mean(axis=1).argmax()]
    nats, nats_alone = (mean_nats(predictions, one, rule) for one in (weights, best_alone))
    return weights if nats <= nats_alone + ROUNDING else best_alone


def mean_nats(predictions: Predictions, weights: FloatArray, rule: str) -> float:
    """Return the mean nats of the targets under the mixture with these weights (M,)."""
    nats = 0.0
    for log_p, targets in predictions.blocks():
        nats -= at_targets(log_softmax(RULES[rule](list(log_p), weights)), targets).sum()
    return float(nats / len(predictions))


def _fit_linear(predictions: Predictions) -> FloatArray:
    """Return the weights by expectation maximisation (Dempster, Laird and Rubin 1977).

    Each step sets a weight to the mean share that its member has in the probabilities of the targets.
    """
    log_p = predictions.target_log_p()
    p = np.exp(log_p - log_p.max(axis=0))  # a common factor changes no share
    weights: FloatArray = np.full(len(p), 1 / len(p))
    before = -np.inf
    for _ in range(MAX_EM_ITERATIONS):
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
    """Return the weights by projected Newton steps (Bertsekas 1982), from equal weights that sum to one.

    A slight pull draws the weights to where they began. It decides where the text does not, for instance
    between two members that are the same, and keeps the weights finite where a text is so short that the
    members guess all of it.
    """
    begin = np.full(predictions.num_members, 1 / predictions.num_members)
    weights, (loss, gradient, hessian) = begin, _loss(predictions, begin, begin)
    for _ in range(MAX_ITERATIONS):
        if gradient @ (weights - np.maximum(weights - gradient, 0)) < GAIN:
            break
        free = (weights > NEAR_ZERO) | (gradient < 0)
        step = weights.copy()
        step[free] = np.linalg.solve(hessian[np.ix_(free, free)], gradient[free])
        size = 1.0
        while size > GAIN:
            new = np.maximum(weights - size * step, 0)
            found = _loss(predictions, new, begin)
            if found[0] < loss:
                break
            size /= 2
        else:
            break
        weights, (loss, gradient, hessian) = new, found
    return weights


def _loss(
    predictions: Predictions, weights: FloatArray, begin: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    """Return the mean nats of a log-linear mixture, their gradient (M,) and Hessian (M, M).

    The gradient is E[log p_i] - log p_i(target), and the Hessian the covariance of the members' log p, under
    the mixture, in the mean over all tokens; the pull to `begin` is added.
    """
    away = weights - begin
    nats, gradient, hessian = PULL * (away @ away) / 2, PULL * away, PULL * np.eye(len(weights))
    for log_p, targets in predictions.blocks():
        mixed = log_softmax(np.tensordot(weights, log_p, axes=1))
        p = np.exp(mixed)
        nats -= at_targets(mixed, targets).sum()
        weighted = log_p * p
        means = weighted.sum(axis=-1)
        gradient += (means - at_targets(log_p, targets)).sum(axis=1)
        hessian += np.tensordot(weighted, log_p, axes=([1, 2], [1, 2])) - means @ means.T
    n = len(predictions)
    return float(nats / n), gradient / n, hessian / n
