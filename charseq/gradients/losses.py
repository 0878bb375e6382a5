"""Losses: functions of hidden states and targets, with the gradient of the hidden states.

A loss calls the projection itself, so that a loss on a sample of the vocabulary never needs all logits.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from charseq.arrays import FloatArray, TokenArray, zeros
from charseq.config import TrainConfig
from charseq.network.loss import cross_entropy_
from charseq.network.parameters import Gradient, Parameters
from charseq.network.projection import Projection


class Loss(ABC):
    """The contract of a loss, an entry of LOSSES; it keeps nothing between calls outside its workspace."""

    draws: ClassVar[bool] = False
    """True for a loss that draws random numbers."""
    by_rows: ClassVar[bool] = False
    """True for a loss on few entries of the vocabulary, which writes its gradient with `set_rows_`."""
    is_price: ClassVar[bool] = True
    """True if its value is, or estimates, the nats of the targets, so that validations compare with it."""

    def for_run(self, train: TrainConfig, token_counts: Callable[[], NDArray[np.int64]]) -> "Loss":
        """Return the loss with all that it knows of a run, by default itself.

        `token_counts` returns the number of times that each token (V,) occurs in the training text.
        """
        return self

    def remark(self, vocab_size: int) -> str:
        """Return a remark about the loss for people who train with it, empty if there is none."""
        return ""

    def num_outputs(self, vocab_size: int) -> int:
        """Return the number of logits that are computed for a target, of `vocab_size` in all."""
        return vocab_size

    @abstractmethod
    def workspace(self, params: Parameters, num_targets: int) -> Any:
        """Allocate the arrays that `gradient` needs for up to `num_targets` targets."""

    @abstractmethod
    def gradient(
        self,
        h: FloatArray,
        targets: TokenArray,
        projection: Projection,
        params: Parameters,
        grads: Gradient,
        work: Any,
        *,
        weights: FloatArray | None,
        total_weight: float,
        rng: np.random.Generator | None,
        out: FloatArray,
    ) -> float:
        """Return sum(weight * loss of a target) / total_weight; write its gradient to `grads` and `out`.

        `h` (H, T*N) has the hidden states before each of `targets` (T, N), side by side. `weights` (T, N) are
        the weights of the targets, all 1 if None. The streams may be a part of a batch: `total_weight`, which
        is not 0, is that of the whole batch, so that the results for its parts add up. The gradient of the
        projection's parameters goes to `grads`, that of `h` to `out` (H, T*N); both are overwritten. `work`
        is from `workspace`. `rng` is given if `draws` is true; it is the same for all parts of a batch.
        """


class SoftmaxWork:
    """Memory for the logits (num_targets, V), or for the compiled twin, which has its own."""

    def __init__(self, params: Parameters, num_targets: int) -> None:
        self._V = params["projection.V"]
        self.logits = zeros((num_targets, len(self._V)), self._V.dtype)
        self._compiled: Any = None

    def compiled(self, projection: Projection) -> Any:
        """Return the compiled twin, None if NumPy is to compute this projection."""
        if not projection.is_compiled:
            return None
        if self._compiled is None:
            from charseq.network.compiled_loss import DTYPE, MAX_VOCAB, CompiledSoftmax

            if self._V.dtype == DTYPE and len(self._V) <= MAX_VOCAB:
                self._compiled = CompiledSoftmax(*self._V.shape)
        return self._compiled


class SoftmaxLoss(Loss):
    """Cross-entropy: -log softmax(V h + c)[target] in nats, over the whole vocabulary."""

    def workspace(self, params: Parameters, num_targets: int) -> SoftmaxWork:
        """Allocate memory for the logits."""
        return SoftmaxWork(params, num_targets)

    def gradient(
        self,
        h: FloatArray,
        targets: TokenArray,
        projection: Projection,
        params: Parameters,
        grads: Gradient,
        work: SoftmaxWork,
        *,
        weights: FloatArray | None,
        total_weight: float,
        rng: np.random.Generator | None,
        out: FloatArray,
    ) -> float:
        """Return the weighted mean of the nats, and write its gradient; the arguments are those of `Loss`."""
        if compiled := work.compiled(projection):
            nats: float = compiled.gradient(
                h, targets, params, grads, weights=weights, total_weight=total_weight, out=out
            )
            return nats
        logits = work.logits[: targets.size].reshape(*targets.shape, -1)
        projection.forward(h, params, out=logits)
        nats = cross_entropy_(logits, targets, weights=weights, total_weight=total_weight)
        projection.backward(logits, h, params, grads, out=out)
        return nats
