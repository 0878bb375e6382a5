"""The choices of targets, the entries of TARGETS: each makes, from a codec, the weights of targets.

The codec tells which characters the tokens of a window spell, and so which of them are to be learnt. It also
selects, for "target" and "last", the characters that figures are about: see `SELECTIONS` in `text/lines.py`.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from charseq.arrays import BoolArray, FloatArray
from charseq.text import UNSEEN
from charseq.text.batches import Window
from charseq.text.codec import Codec

TargetWeights: TypeAlias = Callable[[Window], FloatArray | None]
"""Gives each target of a window its weight, (T, N); None stands for weights that are all 1."""


def every_target(codec: Codec) -> TargetWeights:
    """Count every target once, but those not that are UNSEEN, because they are too rare.

    Weights that are all 1 are None, which is cheaper.
    """
    return lambda window: _weights(window.targets != UNSEEN)


def selected_targets(codec: Codec) -> TargetWeights:
    """Count the targets that the codec selects: those after the separator, or the last ones.

    Each counts once, as in `every_target`.
    """

    def weigh(window: Window) -> FloatArray | None:
        known = window.targets != UNSEEN
        return _weights(known if window.counted is None else known & window.counted)

    return weigh


def _weights(learnt: BoolArray) -> FloatArray | None:
    return None if learnt.all() else learnt.astype(np.float32)
