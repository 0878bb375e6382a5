"""A toy loss in one file: softmax with smoothed targets."""

import numpy as np

from charseq.arrays import FloatArray, TokenArray
from charseq.gradients import SoftmaxLoss
from charseq.gradients.losses import SoftmaxWork
from charseq.network.parameters import Parameters
from charseq.network.projection import Projection

SMOOTHING = 0.1


class LabelSmoothing(SoftmaxLoss):
    """Cross-entropy with a tenth of each target spread over the vocabulary (Szegedy et al. 2016)."""

    def gradient(
        self,
        h: FloatArray,
        targets: TokenArray,
        projection: Projection,
        params: Parameters,
        grads: Parameters,
        work: SoftmaxWork,
        *,
        weights: FloatArray | None,
        total_weight: float,
        rng: np.random.Generator | None,
        out: FloatArray,
    ) -> float:
        logits = projection.forward(h, params, out=work.logits[: targets.size].reshape(*targets.shape, -1))
        logits -= logits.real.max(axis=-1, keepdims=True)
        log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        wanted = np.full(log_p.shape, SMOOTHING / log_p.shape[-1])
        np.put_along_axis(wanted, targets[..., None], wanted[0, 0, 0] + 1 - SMOOTHING, axis=-1)
        share = (np.ones(targets.shape) if weights is None else weights)[..., None] / total_weight
        logits[...] = (np.exp(log_p) - wanted) * share
        projection.backward(logits, h, params, grads, out=out)
        loss: float = -(share * wanted * log_p).sum().item()
        return loss
