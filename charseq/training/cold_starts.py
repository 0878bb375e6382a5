"""Cold starts: a few streams begin a window without context, as the texts do that a model is asked about."""

import numpy as np

from charseq.arrays import BoolArray
from charseq.network import State
from charseq.text import UNSEEN
from charseq.text.batches import Window

COLD_STARTS = 0.01
"""The share of windows that begin from the zero state, so that a model learns to predict without context."""


def begin_anew_(window: Window, state: State, rng: np.random.Generator) -> BoolArray | None:
    """Let a few streams start without context: zero state, UNSEEN input; say which ones (N,).

    Lines do so anyway: then nothing is changed, and None is returned.
    """
    if window.resets is not None:
        return None
    cold: BoolArray = np.less(rng.random(window.inputs.shape[1]), COLD_STARTS)
    window.inputs[0, cold] = UNSEEN
    for array in state.arrays.values():
        array[cold] = 0
    return cold
