"""Clipping by the global norm: a gradient that is too long is scaled down and keeps its direction."""

import numpy as np

from charseq.arrays import FloatArray


def clip_(gradient: FloatArray, max_norm: float) -> float:
    """Scale `gradient` in place to a norm of at most `max_norm` (0: no limit); return its norm before that.

    A norm of nan or infinity is left as it is.

    Source: Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks".
    """
    norm = float(np.sqrt(np.dot(gradient, gradient)))
    if 0 < max_norm < norm < np.inf:
        gradient *= max_norm / norm
    return norm
