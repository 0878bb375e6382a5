"""Stochastic gradient descent with momentum."""

import numpy as np

from charseq.arrays import FloatArray
from charseq.optim.optimizer import Optimizer


class SGD(Optimizer):
    """v = momentum * v + gradient;  parameter -= learning_rate * v.

    Source: Polyak 1964; the form without damping of Sutskever et al. 2013.
    """

    name = "sgd"
    state_names = ("velocity",)

    def _update_(
        self,
        params: FloatArray,
        gradient: FloatArray,
        state: list[FloatArray],
        term: FloatArray,
        learning_rate: float,
    ) -> None:
        (velocity,) = state
        velocity *= self.config.momentum
        velocity += gradient
        params -= np.multiply(velocity, learning_rate, out=term)
