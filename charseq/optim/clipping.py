"""Clipping by the global norm: a long gradient keeps its direction and loses its length."""

import numpy as np

from charseq.arrays import FloatArray


def clip_(gradient: FloatArray, max_norm: float) -> float:
    """Scale `gradient` in place to at most `max_norm` (0: leave it); return the norm it had.

    Source: Pascanu, Mikolov and Bengio 2013, «On the difficulty of training recurrent neural networks».
    """
    norm = float(np.sqrt(np.dot(gradient, gradient)))
    if 0 < max_norm < norm < np.inf:
        gradient *= max_norm / norm
    return norm
