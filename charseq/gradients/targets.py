"""The choices of targets, the entries of TARGETS: each makes, from a codec, the weights of targets.

The codec tells which characters the tokens of a window spell, and so which of them are to be learnt. It also
selects, for "target" and "last", the characters that figures are about: see `SELECTIONS` in `text/lines.py`.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from charseq.arrays import FloatArray
from charseq.text.batches import Window
from charseq.text.codec import Codec

TargetWeights: TypeAlias = Callable[[Window], FloatArray | None]
"""Gives each target of a window its weight, (T, N); None stands for weights that are all 1."""


def every_target(codec: Codec) -> TargetWeights:
    """Count every target once: the weights are None, which is cheaper than weights that are all 1."""
    return lambda window: None


def selected_targets(codec: Codec) -> TargetWeights:
    """Count the targets that the codec selects, once each: those after the separator, or the last ones."""

    def weigh(window: Window) -> FloatArray | None:
        return None if window.counted is None else window.counted.astype(np.float32)

    return weigh
