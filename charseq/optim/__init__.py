"""From gradients to steps: optimizers on flat vectors, clipping, and the course of the learning rate."""

from charseq.config import OptimConfig
from charseq.optim.adam import Adam, AdamW
from charseq.optim.clipping import clip_
from charseq.optim.optimizer import Optimizer
from charseq.optim.rmsprop import RMSProp
from charseq.optim.schedule import Schedule
from charseq.optim.sgd import SGD
from charseq.parameters import Parameters

OPTIMIZERS: dict[str, type[Optimizer]] = {rule.name: rule for rule in (Adam, AdamW, RMSProp, SGD)}
"""Every optimizer by its name in the settings."""


def make_optimizer(config: OptimConfig, params: Parameters) -> Optimizer:
    """Return a fresh optimizer for `params`."""
    return OPTIMIZERS[config.optimizer](config, params)


__all__ = ["OPTIMIZERS", "Optimizer", "Schedule", "clip_", "make_optimizer"]
