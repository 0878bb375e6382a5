"""Adam, AdamW and NAdamW in one compiled pass over memory; `adam.py` has the equations, the reference."""

from threading import Thread

import numpy as np

from charseq.arrays import FloatArray, even_slices
from charseq.backend import compiled
from charseq.optim.adam import Adam, AdamW, NAdamW
from charseq.optim.optimizer import EPSILON, Part

MIN_SHARED = 1_000_000
"""The fewest numbers of which each thread changes a part; fewer take less than a millisecond."""


@compiled
def adam_update(
    params: FloatArray, gradient: FloatArray, mean: FloatArray, mean_square: FloatArray, factors: FloatArray
) -> None:
    """Change parameters and moments in place; `factors` are in the order that `CompiledAdam` gives them."""
    beta1, rest1, beta2, rest2, correction, epsilon, of_mean, of_latest = factors
    for j in range(params.size):
        mean[j] = beta1 * mean[j] + rest1 * gradient[j]
        mean_square[j] = beta2 * mean_square[j] + rest2 * gradient[j] * gradient[j]
        moved = of_mean * mean[j] + of_latest * gradient[j]
        params[j] -= moved / (np.sqrt(mean_square[j]) * correction + epsilon)


class CompiledAdam(Adam):
    """Adam, compiled; many parameters are changed by several threads, a part by each."""

    def _step_of_(
        self, params: FloatArray, gradient: FloatArray, state: list[FloatArray], learning_rate: float
    ) -> None:
        parts = [
            Part(params[some], gradient[some], [vector[some] for vector in state], params[:0])
            for some in even_slices(params.size, self.num_threads if params.size >= MIN_SHARED else 1)
        ]
        threads = [Thread(target=self._update_, args=(part, learning_rate)) for part in parts[1:]]
        for thread in threads:
            thread.start()
        self._update_(parts[0], learning_rate)
        for thread in threads:
            thread.join()

    def _update_(self, part: Part, learning_rate: float) -> None:
        params, gradient, (mean, mean_square), _ = part
        beta1, beta2, t = self.config.beta1, self.config.beta2, self.num_steps
        decays, correction = (beta1, 1 - beta1, beta2, 1 - beta2), (1 - beta2**t) ** -0.5
        factors = np.array([*decays, correction, EPSILON, *self._shares(learning_rate)], params.dtype)
        adam_update(params, gradient, mean, mean_square, factors)


class CompiledAdamW(AdamW, CompiledAdam):
    """AdamW, compiled."""


class CompiledNAdamW(NAdamW, CompiledAdam):
    """NAdamW, compiled."""


COMPILED_OPTIMIZERS = {rule.name: rule for rule in (CompiledAdam, CompiledAdamW, CompiledNAdamW)}
"""The optimizers with a compiled twin, by their names."""
