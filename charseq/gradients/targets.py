"""The choices of targets, the entries of TARGETS: each makes, from a codec, the weights of targets.

The codec tells which characters the tokens of a window spell, and so which of them are to be learnt.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from charseq.arrays import FloatArray
from charseq.text import UNSEEN
from charseq.text.batches import Window
from charseq.text.codec import Codec

TargetWeights: TypeAlias = Callable[[Window], FloatArray | None]
"""Gives each target of a window its weight, (T, N); None stands for weights that are all 1."""


def every_target(codec: Codec) -> TargetWeights:
    """Count every target once, but those not that are UNSEEN, because they are too rare.

    Weights that are all 1 are None, which is cheaper.
    """

    def weights(window: Window) -> FloatArray | None:
        known = window.targets != UNSEEN
        return None if known.all() else known.astype(np.float32)

    return weights
