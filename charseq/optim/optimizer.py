"""The contract of an optimizer: an update rule on flat vectors, with named vectors as its memory."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import numpy as np

from charseq.arrays import FloatArray
from charseq.config import OptimConfig
from charseq.network.parameters import Gradient, Parameters
from charseq.optim.parts import rate_scales

PART_SIZE = 32768
"""The number of parameters updated at a time: few enough for a core's cache to hold all their arrays."""
EPSILON = 1e-8
"""Added to the root mean square before a step is divided by it."""


class Part(NamedTuple):
    """Some of the parameters with their gradient and their memory; `term` is scratch of the same size."""

    params: FloatArray
    gradient: FloatArray
    state: list[FloatArray]
    term: FloatArray


class Optimizer(ABC):
    """An update rule with its memory: vectors as long as the parameters, and the number of steps so far.

    Each parameter has the learning rate times the factor in `scales`, 1 if it is not there. Frozen parameters
    are those that a gradient lacks. Of a table that is touched in places, only these places are changed, and
    their memory: an entry that no step touches does not move, as in the sparse Adam of PyTorch and the lazy
    Adam of TensorFlow. The number of steps, which Adam's corrections need, counts all steps.
    """

    name: ClassVar[str]
    state_names: ClassVar[tuple[str, ...]]
    num_threads = 1
    """The cores on which a compiled step may be made; its bits do not depend on them."""

    def __init__(self, config: OptimConfig, params: Parameters) -> None:
        self.config = config
        self.num_steps = 0
        self.scales = rate_scales(config, params)
        self.state = {name: np.zeros_like(params.flat) for name in self.state_names}
        self._views = [params.views(vector) for vector in self.state.values()]
        self._scratch = np.empty_like(params.flat[:PART_SIZE])

    def reset_(self) -> None:
        """Forget all earlier steps, in place."""
        self.num_steps = 0
        for vector in self.state.values():
            vector.fill(0)

    def step(
        self,
        params: Parameters,
        grads: Gradient,
        *,
        learning_rate: float,
        entries: Mapping[str, FloatArray] | None = None,
    ) -> None:
        """Change `params` in place by one step down the gradient `grads`.

        Whoever has `entries` = `grads.of(params)` already can give them; they are changed, too.
        """
        self.num_steps += 1
        if grads.is_whole and not self.scales:
            self._decay_(params.matrices, learning_rate)
            self._step_of_(params.flat, grads.flat, list(self.state.values()), learning_rate)
            return
        if entries is None:
            entries = grads.of(params)
        memories = [grads.of(views) for views in self._views]
        for name in grads:
            rate = learning_rate * self.scales.get(name, 1.0)
            if params[name].ndim > 1:
                self._decay_(entries[name], rate)
            vectors = [memory[name].reshape(-1) for memory in memories]
            self._step_of_(entries[name].reshape(-1), grads.entries(name).reshape(-1), vectors, rate)
        for changed, arrays in zip([entries, *memories], [params, *self._views], strict=True):
            grads.put_(changed, arrays)

    def _step_of_(
        self, params: FloatArray, gradient: FloatArray, state: list[FloatArray], learning_rate: float
    ) -> None:
        """Change flat vectors in place, some numbers at a time."""
        for begin in range(0, params.size, PART_SIZE):
            some = slice(begin, begin + PART_SIZE)
            term = self._scratch[: gradient[some].size]
            part = Part(params[some], gradient[some], [vector[some] for vector in state], term)
            self._update_(part, learning_rate)

    def _decay_(self, matrix: FloatArray, learning_rate: float) -> None:  # noqa: B027  (most rules do not)
        """Shrink a matrix in place before a step."""

    @abstractmethod
    def _update_(self, part: Part, learning_rate: float) -> None:
        """Change the parameters and the memory of `part` in place."""
