"""The update of a training step: from a gradient to new parameters and their average."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from charseq.arrays import FloatArray
from charseq.config import BackendName, OptimConfig
from charseq.network.parameters import Gradient, Parameters
from charseq.optim import clip_all_, make_optimizer
from charseq.training.averaging import Average


class Update:
    """Clips gradients, makes steps with them, and averages the parameters, `params`, which it changes.

    With `by_rows` the gradients may touch some entries of a table only, and no other entry costs time.
    """

    def __init__(
        self, params: Parameters, optim: OptimConfig, backend: BackendName, *, by_rows: bool
    ) -> None:
        self._params, self._max_grad_norm = params, optim.max_grad_norm
        self.optimizer = make_optimizer(optim, params, backend)
        self.average = Average.of(params, optim.average_span, by_rows=by_rows)

    def __call__(
        self,
        grads: Gradient,
        *,
        learning_rate: float,
        after_step: Callable[[Parameters], None],
        agreed: Callable[[float], float] = float,
    ) -> float:
        """Change the parameters by a step down a gradient, which is clipped in place; return its norm.

        `after_step` is called with the new parameters before they are averaged, and `agreed` returns the norm
        to clip by. Return nan or infinity if the gradient or the new parameters are not finite; the
        parameters may then be useless.
        """
        norm = clip_all_(grads.vectors, self._max_grad_norm, agreed)
        if not math.isfinite(norm):
            return norm
        entries = grads.of(self._params) if grads.touched else None
        if entries is not None:
            self.average.prepare_(grads, entries)
        self.optimizer.step(self._params, grads, learning_rate=learning_rate, entries=entries)
        after_step(self._params)
        after = {"": self._params.flat} if grads.is_whole else grads.of(self._params)
        vectors = [array.reshape(-1) for array in after.values()]
        if not math.isfinite(sum(np.dot(vector, vector) for vector in vectors)):
            return math.nan
        self.average.add_(grads, self.optimizer.num_steps, after)
        return norm

    def reset_(self) -> None:
        """Forget all earlier steps; the average begins anew at the parameters as they are."""
        self.optimizer.reset_()
        self.average.values[...] = self._params.flat

    def arrays(self) -> Iterator[tuple[str, FloatArray]]:
        """Yield by name the arrays that resuming needs."""
        yield from self.average.arrays()
        for name, vector in self.optimizer.state.items():
            yield f"optimizer.{name}", vector
