"""The contract of an optimizer: an update rule on flat vectors, with named vectors as its memory."""

from abc import ABC, abstractmethod
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

    def step(self, params: Parameters, grads: Gradient, *, learning_rate: float) -> None:
        """Change `params` in place by one step down the gradient `grads`."""
        self.num_steps += 1
        if grads.is_whole and not self.scales:
            self._decay_(params.matrices, learning_rate)
            self._step_of_(params.flat, grads.flat, list(self.state.values()), learning_rate)
            return
        for name in grads:
            arrays = [params[name], *(views[name] for views in self._views)]
            self._step_of_one_(name, arrays, grads, learning_rate * self.scales.get(name, 1.0))

    def _step_of_one_(
        self, name: str, arrays: list[FloatArray], grads: Gradient, learning_rate: float
    ) -> None:
        """Change one parameter and its memory, `arrays`; of a touched table, only the entries that are."""
        tokens, entries = grads.touched.get(name), arrays
        if tokens is not None:
            entries = [np.take(array, tokens, axis=grads.tables[name]) for array in arrays]
        if arrays[0].ndim > 1:
            self._decay_(entries[0], learning_rate)
        vectors = [array.reshape(-1) for array in entries]
        self._step_of_(vectors[0], grads.entries(name).reshape(-1), vectors[1:], learning_rate)
        if tokens is not None:
            for array, changed in zip(arrays, entries, strict=True):
                array[grads.index(name, tokens)] = changed

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
