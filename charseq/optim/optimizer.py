"""What an optimizer is: a rule on flat vectors with named vectors of memory. Next room: `sgd.py`."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from charseq.arrays import FloatArray
from charseq.config import OptimConfig
from charseq.parameters import Parameters

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
        self._scratch = np.empty_like(params.flat)

    def reset_(self) -> None:
        """Forget all earlier steps."""
        self.num_steps = 0
        for vector in self.state.values():
            vector.fill(0)

    def step(self, params: Parameters, grads: Parameters, *, learning_rate: float) -> None:
        """Change `params` in place by one step along `grads`."""
        self.num_steps += 1
        self._update_(params, grads.flat, learning_rate)

    @abstractmethod
    def _update_(self, params: Parameters, gradient: FloatArray, learning_rate: float) -> None: ...
