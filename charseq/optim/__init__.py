"""From gradients to steps: optimizers on flat vectors, clipping, and the course of the learning rate."""

from charseq.backend import use_numba
from charseq.config import KernelName, OptimConfig
from charseq.network.parameters import Parameters
from charseq.optim.adam import Adam, AdamW
from charseq.optim.clipping import clip_
from charseq.optim.optimizer import Optimizer
from charseq.optim.rmsprop import RMSProp
from charseq.optim.schedule import Schedule
from charseq.optim.sgd import SGD

OPTIMIZERS: dict[str, type[Optimizer]] = {rule.name: rule for rule in (Adam, AdamW, RMSProp, SGD)}
"""Every optimizer by its name in the settings."""


def make_optimizer(config: OptimConfig, params: Parameters, kernels: KernelName = "numpy") -> Optimizer:
    """Return a fresh optimizer for `params`, compiled where `kernels` says so and there is such a one."""
    rules = OPTIMIZERS
    if use_numba(kernels):
        from charseq.optim.compiled import COMPILED_OPTIMIZERS

        rules = OPTIMIZERS | COMPILED_OPTIMIZERS
    return rules[config.optimizer](config, params)


__all__ = ["OPTIMIZERS", "Optimizer", "Schedule", "clip_", "make_optimizer"]
