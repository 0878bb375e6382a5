"""Adam, AdamW and NAdamW: the mean gradient over its root mean square, corrected for starting at zero."""

from typing import NamedTuple

import numpy as np

from charseq.arrays import FloatArray
from charseq.optim.optimizer import EPSILON, Optimizer, Part


class Shares(NamedTuple):
    """The factors of the mean gradient and of the latest gradient in a step; the rate is in both."""

    mean: float
    latest: float


class Adam(Optimizer):
    """Adam, the adaptive moments; t counts the steps from 1.

        m = beta1 * m + (1 - beta1) * gradient             m^ = m / (1 - beta1^t)
        s = beta2 * s + (1 - beta2) * gradient^2           s^ = s / (1 - beta2^t)
        parameter -= learning_rate * m^ / (sqrt(s^) + eps)

    Source: Kingma and Ba 2015, "Adam: a method for stochastic optimization".
    """

    name = "adam"
    state_names = ("mean", "mean_square")

    def _update_(self, part: Part, learning_rate: float) -> None:
        params, gradient, (mean, mean_square), term = part
        beta1, beta2, t = self.config.beta1, self.config.beta2, self.num_steps
        mean *= beta1
        mean += np.multiply(gradient, 1 - beta1, out=term)
        mean_square *= beta2
        np.multiply(gradient, gradient, out=term)
        term *= 1 - beta2
        mean_square += term
        for direction, share in zip((mean, gradient), self._shares(learning_rate), strict=True):
            if share:
                np.sqrt(mean_square, out=term)
                term *= (1 - beta2**t) ** -0.5
                term += EPSILON
                np.divide(direction, term, out=term)
                term *= share
                params -= term

    def _shares(self, learning_rate: float) -> Shares:
        return Shares(learning_rate / (1 - self.config.beta1**self.num_steps), 0.0)


class AdamW(Adam):
    """Adam with weight decay: before each step, matrix -= learning_rate * weight_decay * matrix.

    Biases do not decay, nor do the entries of a table that a step does not touch. Source: Loshchilov and
    Hutter 2019, "Decoupled weight decay regularization".
    """

    name = "adamw"

    def _decay_(self, matrix: FloatArray, learning_rate: float) -> None:
        matrix *= 1 - learning_rate * self.config.weight_decay


class NAdamW(AdamW):
    """AdamW with Nesterov's momentum: the mean gradient that the same gradient would make at the next step.

        parameter -= learning_rate * (beta1 * m / (1 - beta1^(t+1)) + (1 - beta1) * gradient / (1 - beta1^t))
                     / (sqrt(s^) + eps)

    Source: Dozat 2016, "Incorporating Nesterov momentum into Adam".
    """

    name = "nadamw"

    def _shares(self, learning_rate: float) -> Shares:
        beta1, t = self.config.beta1, self.num_steps
        return Shares(
            learning_rate * beta1 / (1 - beta1 ** (t + 1)), learning_rate * (1 - beta1) / (1 - beta1**t)
        )
