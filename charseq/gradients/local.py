"""Local steps on several ranks, for slow networks: each learns on its own, and their weights are averaged.

A round is a number of steps, at the end of which

    d = w - mean of the weights of all ranks,     w being the weights with which the round began
    v = momentum * v + d
    w = w - rate * (d + momentum * v)             (Nesterov's momentum)

and all ranks begin the next round at w. A rank keeps its own moments of the inner optimizer.

Sources: Stich 2019, "Local SGD converges fast and communicates little"; Douillard et al. 2023, "DiLoCo:
distributed low-communication training of language models" (arXiv:2311.08105), for the outer optimizer with
its rate and momentum.
"""

import numpy as np

from charseq.arrays import FloatArray
from charseq.gradients.ranks import OnRanks
from charseq.gradients.step import Job, batch_weight
from charseq.network import State
from charseq.network.parameters import Gradient, Parameters
from charseq.ranks import World
from charseq.text.batches import Window

OUTER_RATE, OUTER_MOMENTUM = 0.7, 0.5


EARLY_SHARE = 20
"""A round has at most this part, a twentieth, of the steps before it: weights move fast at first."""


def end_of_round(step: int, period: int) -> int:
    """Return the step after which a round ends that begins at `step`; every multiple of `period` is one."""
    return min(step + max(1, step // EARLY_SHARE), (step // period + 1) * period)


class Outer:
    """The outer optimizer: from the mean of all ranks to the weights with which they begin the next round."""

    def __init__(self, params: FloatArray) -> None:
        self.start = params.copy()
        self.velocity = np.zeros_like(params)

    def begin_(self, params: FloatArray) -> None:
        """Begin a round with these weights."""
        self.start[...] = params

    def step_(self, mean: FloatArray) -> None:
        """Replace the `mean` of all ranks by the weights for the next round."""
        change = np.subtract(self.start, mean, out=mean)
        self.velocity *= OUTER_MOMENTUM
        self.velocity += change
        change += OUTER_MOMENTUM * self.velocity
        change *= -OUTER_RATE
        change += self.start


class LocalSteps(OnRanks):
    """Steps of this rank alone; weights are averaged every `period` steps, and sooner at first."""

    def __init__(self, job: Job, state: State, world: World, period: int) -> None:
        super().__init__(job, state, world)
        self.period = period
        self._params = job.model.params
        self._outer = Outer(self._params.flat)
        self._frozen = [
            (self._params[name], self._params.views(self._outer.start)[name]) for name in job.frozen
        ]
        self._room = world.room_for(self._params.flat)
        self._num_steps, self._end, self._is_last = 0, 0, False
        self._diverged, self._recovers = False, False

    def gradient(self, window: Window, step: int) -> tuple[float, Gradient]:
        """Return the mean loss of this rank's streams in nats, and its gradient.

        If they are not finite, the gradient is zero, and the end of the round tells all ranks.
        """
        if self._num_steps == 0:
            self._begin_round_()
            self._end = end_of_round(step, self.period)
        own, grads = self.own(window), self._step.grads
        loss = self._step(own, step, total_weight=batch_weight(own))
        self._num_steps += 1
        self._is_last = step + 1 == self._end
        with np.errstate(over="ignore", invalid="ignore"):
            squares = [np.dot(vector, vector) for vector in grads.vectors]
        if not np.isfinite([loss, *squares]).all():
            self._diverged, loss = True, 0.0
            grads.clear_()
        return loss, grads

    def after_step(self, parameters: Parameters) -> None:
        """Go back to the beginning of the round if the weights are not finite; average at its end."""
        with np.errstate(over="ignore", invalid="ignore"):
            if not np.isfinite(np.dot(parameters.flat, parameters.flat)):
                self._diverged = True
                parameters.flat[...] = self._outer.start
        if self._is_last:
            self.settle_(parameters)

    def settle_(self, parameters: Parameters) -> None:
        """End the round, unless it has not begun; the weights are nan if any rank has diverged."""
        if self._num_steps == 0:
            return
        diverged = self.world.sum_(float(self._diverged), parameters.flat, self._room)
        self._num_steps, self._diverged, self._recovers = 0, False, any(diverged)
        if self._recovers:
            self._outer.velocity.fill(0)
            parameters.flat[...] = np.nan  # the trainer sees it, and goes back to the best weights
            return
        parameters.flat /= self.world.size
        self._outer.step_(parameters.flat)
        for array, before in self._frozen:  # to the last bit, which a mean may change
            array[...] = before

    @property
    def is_settled(self) -> bool:
        """True between two rounds, when all ranks have the same weights."""
        return self._num_steps == 0

    def arrays(self) -> dict[str, FloatArray]:
        """Return the velocity of the outer optimizer."""
        return {"outer.velocity": self._outer.velocity}

    def _begin_round_(self) -> None:
        """Take note of the weights; after a divergence they are the best ones of rank 0."""
        if self._recovers:
            self._params.flat[...] = self.world.share(self._params.flat)
            self._recovers = False
        self._outer.begin_(self._params.flat)
