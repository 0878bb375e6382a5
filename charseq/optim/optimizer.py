"""What an optimizer is: a rule on flat vectors with named vectors of memory. Next room: `sgd.py`."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from charseq.arrays import FloatArray
from charseq.config import OptimConfig
from charseq.parameters import Parameters

PART_SIZE = 32768
"""Parameters that are updated together: what an update reads and writes of them fits a core's cache."""
EPSILON = 1e-8
"""Added to the root mean square that steps are divided by."""


class Optimizer(ABC):
    """An update rule with its memory: `state` holds vectors as long as the parameters, `num_steps` counts."""

    name: ClassVar[str]
    state_names: ClassVar[tuple[str, ...]]

    def __init__(self, config: OptimConfig, params: Parameters) -> None:
        self.config = config
        self.num_steps = 0
        self.state = {name: np.zeros_like(params.flat) for name in self.state_names}
        self._scratch = np.empty_like(params.flat[:PART_SIZE])

    def reset_(self) -> None:
        """Forget all earlier steps."""
        self.num_steps = 0
        for vector in self.state.values():
            vector.fill(0)

    def step(self, params: Parameters, grads: Parameters, *, learning_rate: float) -> None:
        """Change `params` in place by one step along `grads`."""
        self.num_steps += 1
        for begin in range(0, params.flat.size, PART_SIZE):
            part = slice(begin, begin + PART_SIZE)
            gradient = grads.flat[part]
            state = [vector[part] for vector in self.state.values()]
            self._update_(params.flat[part], gradient, state, self._scratch[: gradient.size], learning_rate)

    @abstractmethod
    def _update_(
        self,
        params: FloatArray,
        gradient: FloatArray,
        state: list[FloatArray],
        term: FloatArray,
        learning_rate: float,
    ) -> None:
        """Change a part of the parameters and of each vector of `state`; `term` is scratch of their size."""
