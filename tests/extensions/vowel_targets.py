"""A toy choice of targets in one file: vowels alone are learnt and counted."""

import numpy as np

from charseq.arrays import FloatArray
from charseq.gradients.targets import TargetWeights
from charseq.text.batches import Window
from charseq.text.codec import Codec


def vowels(codec: Codec) -> TargetWeights:
    """Count the targets that are vowels; each token is one character."""
    weights = np.array([float(char in "aeiou") for char in codec.tokenizer.vocab])

    def weigh(window: Window) -> FloatArray:
        found: FloatArray = weights[window.targets]
        return found

    return weigh
