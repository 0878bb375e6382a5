"""The contract of an optimizer: an update rule on flat vectors, with named vectors as its memory."""

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

import numpy as np

from charseq.arrays import FloatArray
from charseq.config import OptimConfig
from charseq.network.parameters import Parameters

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
    """An update rule with its memory: vectors as long as the parameters, and the number of steps so far."""

    name: ClassVar[str]
    state_names: ClassVar[tuple[str, ...]]

    def __init__(self, config: OptimConfig, params: Parameters) -> None:
        self.config = config
        self.num_steps = 0
        self.state = {name: np.zeros_like(params.flat) for name in self.state_names}
        self._scratch = np.empty_like(params.flat[:PART_SIZE])

    def reset_(self) -> None:
        """Forget all earlier steps, in place."""
        self.num_steps = 0
        for vector in self.state.values():
            vector.fill(0)

    def step(self, params: Parameters, grads: Parameters, *, learning_rate: float) -> None:
        """Change `params` in place by one step down the gradient `grads`."""
        self.num_steps += 1
        for begin in range(0, params.flat.size, PART_SIZE):
            some = slice(begin, begin + PART_SIZE)
            gradient, state = grads.flat[some], [vector[some] for vector in self.state.values()]
            part = Part(params.flat[some], gradient, state, self._scratch[: gradient.size])
            self._update_(part, learning_rate)

    @abstractmethod
    def _update_(self, part: Part, learning_rate: float) -> None:
        """Change the parameters and the memory of `part` in place."""
