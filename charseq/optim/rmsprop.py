"""RMSProp: each parameter's step is divided by the running root mean square of its gradient."""

import numpy as np

from charseq.optim.optimizer import EPSILON, Optimizer, Part


class RMSProp(Optimizer):
    """s = beta2 * s + (1 - beta2) * gradient^2;  parameter -= learning_rate * gradient / (sqrt(s) + eps).

    Source: Tieleman and Hinton 2012, lecture 6.5 of "Neural networks for machine learning".
    """

    name = "rmsprop"
    state_names = ("mean_square",)

    def _update_(self, part: Part, learning_rate: float) -> None:
        params, gradient, (mean_square,), term = part
        beta2 = self.config.beta2
        mean_square *= beta2
        np.multiply(gradient, gradient, out=term)
        term *= 1 - beta2
        mean_square += term
        np.sqrt(mean_square, out=term)
        term += EPSILON
        np.divide(gradient, term, out=term)
        term *= learning_rate
        params -= term
