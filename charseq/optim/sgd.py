"""Stochastic gradient descent with momentum."""

import numpy as np

from charseq.optim.optimizer import Optimizer, Part


class SGD(Optimizer):
    """v = momentum * v + gradient;  parameter -= learning_rate * v.

    Source: Polyak 1964; this form, without damping, is that of Sutskever et al. 2013.
    """

    name = "sgd"
    state_names = ("velocity",)

    def _update_(self, part: Part, learning_rate: float) -> None:
        params, gradient, (velocity,), term = part
        velocity *= self.config.momentum
        velocity += gradient
        params -= np.multiply(velocity, learning_rate, out=term)
