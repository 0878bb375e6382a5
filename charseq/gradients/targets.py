"""The choices of targets, the entries of TARGETS: each makes, from a codec, the weights of targets.

The codec tells which characters the tokens of a window spell, and so which of them are to be learnt.
"""

from collections.abc import Callable
from typing import TypeAlias

from charseq.arrays import FloatArray
from charseq.text.batches import Window
from charseq.text.codec import Codec

TargetWeights: TypeAlias = Callable[[Window], FloatArray | None]
"""Gives each target of a window its weight, (T, N); None stands for weights that are all 1."""


def every_target(codec: Codec) -> TargetWeights:
    """Count every target once: the weights are None, which is cheaper than weights that are all 1."""
    return lambda window: None
