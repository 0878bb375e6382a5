"""Losses on candidates drawn from the vocabulary, for large ones: sampled softmax and negative sampling.

The softmax over V tokens needs V products for each target, though nearly all its probabilities are next to
nothing. Here K candidates w are drawn at each step, with replacement, from the distribution q of the tokens
in the training text to the power of 0.75. All targets of the batch share them; a candidate that happens to
be the target stays. z = V h + c are the logits, of candidates and targets only; n(w) says how often w was
drawn.

    sampled    loss = -z(target) + log(e^z(target) / (K q(target)) + sum of n(w) e^z(w) / (K q(w)))
    negative   loss = -log sigma(s(target)) - sum of n(w) log sigma(-s(w)),  s(w) = z(w) - log(V K q(w))

The sum in `sampled` estimates that of e^z over the vocabulary, so its value is about the nats of a target,
and with more candidates it becomes the softmax loss. In `negative` each candidate is a question, target or
noise; the best answer is s = log p(w) - log(K q(w)), so that z is log p(w), up to a constant. In both, the
logits of the model are those of a softmax over the vocabulary at any time: so it is validated and used.

Sources: Jean, Cho, Memisevic and Bengio 2015, "On using very large target vocabulary for neural machine
translation", for the correction by q and candidates that a batch shares; Ma and Collins 2018, "Noise
contrastive estimation and negative sampling for conditional models", for why it is consistent with any
number of candidates if those that hit the target stay; Mikolov et al. 2013, "Distributed representations of
words and phrases", for negative sampling and the power of 0.75; Levy and Goldberg 2014, "Neural word
embedding as implicit matrix factorization", for its best answer.
"""

import math
from abc import abstractmethod
from collections.abc import Callable
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from charseq.arrays import FloatArray, TokenArray, zeros
from charseq.config import TrainConfig
from charseq.gradients.losses import Loss
from charseq.network.parameters import Gradient, Parameters
from charseq.network.projection import Projection

POWER = 0.75
"""The power of the unigram distribution: rare tokens are drawn more often than they occur."""


class Drawn(NamedTuple):
    """The candidates of a step, C of them without repetition, and how often they were drawn (C,).

    `log_expected` (C,) is the logarithm of how often that is expected, `own_log_expected` (M,) the same of
    the targets, and `log_size` is log V.
    """

    candidates: TokenArray
    counts: FloatArray
    log_expected: FloatArray
    own_log_expected: FloatArray
    log_size: float


class CandidateLoss(Loss):
    """A loss on candidates, drawn from `probabilities` (V,), which are equal for all tokens if None."""

    draws, by_rows = True, True

    def __init__(self, probabilities: FloatArray | None = None, num_candidates: int = 64) -> None:
        self._num_candidates = num_candidates
        self._probabilities = probabilities
        self._sums = None if probabilities is None else np.cumsum(probabilities)

    def for_run(self, train: TrainConfig, token_counts: Callable[[], NDArray[np.int64]]) -> Self:
        """Return the loss with the number of candidates and the distribution of a run."""
        return type(self)(unigram(token_counts()), train.num_negatives)

    def remark(self, vocab_size: int) -> str:
        """Say how many tokens are drawn, and what the loss can be compared with."""
        drawn = f"{self._num_candidates:,} tokens are drawn for each step, from {vocab_size:,}"
        value = "" if self.is_price else "; the training loss is no price, and not to be compared"
        return f"{drawn}; validations are over all of them{value}"

    def num_outputs(self, vocab_size: int) -> int:
        """Return the number of candidates, or V if that is less."""
        return min(vocab_size, self._num_candidates)

    def workspace(self, params: Parameters, num_targets: int) -> FloatArray:
        """Allocate memory for the logits of candidates and targets."""
        bias = params["projection.c"]
        return zeros((num_targets * self.num_outputs(bias.size),), bias.dtype)

    def draw(self, targets: TokenArray, vocab_size: int, rng: np.random.Generator) -> Drawn:
        """Return the candidates of a step with these targets (M,), of which none is UNSEEN."""
        if self._probabilities is None or self._sums is None:
            return type(self)(np.full(vocab_size, 1 / vocab_size), self._num_candidates).draw(
                targets, vocab_size, rng
            )
        places = np.searchsorted(self._sums, rng.random(self._num_candidates), side="right")
        candidates, counts = np.unique(np.minimum(places, vocab_size - 1), return_counts=True)
        return Drawn(
            candidates.astype(np.int32),
            counts.astype(np.float64),
            np.log(self._num_candidates * self._probabilities[candidates]),
            np.log(self._num_candidates * self._probabilities[targets]),
            math.log(vocab_size),
        )

    def gradient(
        self,
        h: FloatArray,
        targets: TokenArray,
        projection: Projection,
        params: Parameters,
        grads: Gradient,
        work: FloatArray,
        *,
        weights: FloatArray | None,
        total_weight: float,
        rng: np.random.Generator | None,
        out: FloatArray,
    ) -> float:
        """Return the weighted mean of the loss, and write its gradient; the arguments are those of `Loss`."""
        if rng is None:
            raise ValueError("candidates need random numbers")
        own = np.maximum(targets.reshape(-1), 0)  # UNSEEN has no weight: any token serves
        drawn = self.draw(own, len(params["projection.c"]), rng)
        some = drawn.candidates
        z = work[: own.size * len(some)].reshape(own.size, -1)
        own_z = projection.forward_some(h, params, some, own, out=z)
        share = np.full(own.size, 1.0) if weights is None else weights.reshape(-1)
        loss = self._loss_(z, own_z, drawn, (share / total_weight).astype(z.real.dtype))
        projection.backward_some(z, own_z, h, params, some, own, grads, out=out)
        return loss

    @abstractmethod
    def _loss_(self, z: FloatArray, own_z: FloatArray, drawn: Drawn, share: FloatArray) -> float:
        """Return the sum of the losses of targets, each times its `share` (M,).

        Replace the logits by their gradients: those of candidates, `z` (M, C), and targets, `own_z` (M,).
        """


class SampledSoftmax(CandidateLoss):
    """Cross-entropy of the softmax over candidates and the target, corrected for how they were drawn."""

    def _loss_(self, z: FloatArray, own_z: FloatArray, drawn: Drawn, share: FloatArray) -> float:
        own = own_z - drawn.own_log_expected.astype(share.dtype)
        z += (np.log(drawn.counts) - drawn.log_expected).astype(share.dtype)
        top = np.maximum(z.real.max(axis=1), own.real)
        z -= top[:, None]
        np.exp(z, out=z)
        own = np.exp(own - top)
        total = z.sum(axis=1) + own
        loss = _sum(share * (top + np.log(total) - own_z))
        z *= (share / total)[:, None]
        own_z[...] = share * (own / total - 1)
        return loss


class NegativeSampling(CandidateLoss):
    """The cross-entropy of a yes for the target and a no for each candidate: its value is not nats."""

    is_price = False

    def _loss_(self, z: FloatArray, own_z: FloatArray, drawn: Drawn, share: FloatArray) -> float:
        own = own_z - (drawn.own_log_expected + drawn.log_size).astype(share.dtype)
        z -= (drawn.log_expected + drawn.log_size).astype(share.dtype)
        own_yes, no, counts = _softplus(-own), _softplus(z), drawn.counts.astype(share.dtype)
        loss = _sum(share * (own_yes + no @ counts))
        z -= no
        np.exp(z, out=z)  # sigma(s) = e^(s - log(1 + e^s))
        z *= counts
        z *= share[:, None]
        own_z[...] = -share * np.exp(-own - own_yes)
        return loss


def unigram(counts: NDArray[np.int64]) -> FloatArray:
    """Return the distribution of candidates: counts to the power of POWER, as if each token occurred."""
    powers = np.maximum(counts, 1).astype(np.float64) ** POWER
    q: FloatArray = powers / powers.sum()
    return q


def _softplus(s: FloatArray) -> FloatArray:
    """Return log(1 + e^s) = -log sigma(-s), without overflow."""
    top = np.maximum(s.real, 0)
    rest: FloatArray = np.exp(s - top)
    rest += np.exp(-top)
    np.log(rest, out=rest)
    rest += top
    return rest


def _sum(values: FloatArray) -> float:
    total: float = values.sum(dtype=np.result_type(values, np.float64)).item()
    return total
