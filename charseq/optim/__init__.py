"""The update of the parameters: optimizers on flat vectors, clipping, and the learning rate's schedule."""

from charseq.backend import use_numba
from charseq.config import BackendName, OptimConfig
from charseq.network.parameters import Parameters
from charseq.optim.clipping import clip_, clip_all_
from charseq.optim.optimizer import Optimizer
from charseq.optim.parts import frozen_names
from charseq.optim.schedule import Schedule
from charseq.registry import OPTIMIZERS


def make_optimizer(config: OptimConfig, params: Parameters, backend: BackendName = "numpy") -> Optimizer:
    """Return a new optimizer for `params`, compiled if `backend` is numba and a compiled twin exists."""
    rule: type[Optimizer] = OPTIMIZERS[config.optimizer]
    if use_numba(backend):
        from charseq.optim.compiled import COMPILED_OPTIMIZERS

        rule = COMPILED_OPTIMIZERS.get(config.optimizer, rule)
    return rule(config, params)


__all__ = ["OPTIMIZERS", "Optimizer", "Schedule", "clip_", "clip_all_", "frozen_names", "make_optimizer"]
