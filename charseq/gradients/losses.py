"""Losses: from hidden states and targets to a number, and back to the gradient of the hidden states.

A loss does the projection itself: one that looks at a sample of the vocabulary only never needs all logits.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from charseq.arrays import FloatArray, TokenArray, zeros
from charseq.network.loss import cross_entropy_
from charseq.network.parameters import Parameters
from charseq.network.projection import Projection


class Loss(ABC):
    """One entry of LOSSES. It keeps nothing between two calls but what lies in its workspace."""

    draws: ClassVar[bool] = False
    """True for a loss that draws random numbers."""

    @abstractmethod
    def workspace(self, params: Parameters, num_targets: int) -> Any:
        """Allocate the arrays that `gradient` works in, for up to `num_targets` targets."""

    @abstractmethod
    def gradient(
        self,
        h: FloatArray,
        targets: TokenArray,
        projection: Projection,
        params: Parameters,
        grads: Parameters,
        work: Any,
        *,
        weights: FloatArray | None,
        total_weight: float,
        rng: np.random.Generator | None,
        out: FloatArray,
    ) -> float:
        """Return sum(weight * loss of a target) / total_weight; write its gradient to `grads` and `out`.

        `h` (H, T*N) are the hidden states, side by side, before each of `targets` (T, N); `weights` (T, N)
        says how often each counts, None that each counts once. These streams may be a part of a batch:
        `total_weight`, which is not 0, is that of the whole batch, so that the shares of its parts add up.
        `grads` gets the gradient of the projection's parameters, `out` (H, T*N) that of `h`; what they held
        before is overwritten. `work` is from `workspace`. `rng` is given if the loss draws.
        """


class SoftmaxLoss(Loss):
    """Cross-entropy: -log softmax(V h + c)[target] in nats, over the whole vocabulary."""

    def workspace(self, params: Parameters, num_targets: int) -> FloatArray:
        """Allocate the logits."""
        bias = params["projection.c"]
        return zeros((num_targets, bias.size), bias.dtype)

    def gradient(
        self,
        h: FloatArray,
        targets: TokenArray,
        projection: Projection,
        params: Parameters,
        grads: Parameters,
        work: FloatArray,
        *,
        weights: FloatArray | None,
        total_weight: float,
        rng: np.random.Generator | None,
        out: FloatArray,
    ) -> float:
        """Return the mean of the nats and write its gradient, as `Loss` says."""
        logits = work[: targets.size].reshape(*targets.shape, -1)
        projection.forward(h, params, out=logits)
        nats = cross_entropy_(logits, targets, weights=weights, total_weight=total_weight)
        projection.backward(logits, h, params, grads, out=out)
        return nats
