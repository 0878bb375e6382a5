"""Clipping by the global norm: a gradient that is too long is scaled down and keeps its direction."""

from collections.abc import Callable, Sequence

import numpy as np

from charseq.arrays import FloatArray


def clip_(gradient: FloatArray, max_norm: float) -> float:
    """Scale `gradient` in place to a norm of at most `max_norm` (0: no limit); return its norm before that.

    A norm of nan or infinity is left as it is.

    Source: Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks".
    """
    return clip_all_([gradient], max_norm)


def clip_all_(
    vectors: Sequence[FloatArray], max_norm: float, agreed: Callable[[float], float] = float
) -> float:
    """Do what `clip_` does, for a gradient that is in several vectors.

    The norm is replaced by what `agreed` returns for it.
    """
    norm = agreed(float(np.sqrt(sum(np.dot(vector, vector) for vector in vectors))))
    if 0 < max_norm < norm < np.inf:
        for vector in vectors:
            vector *= max_norm / norm
    return norm
