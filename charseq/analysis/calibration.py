"""The calibration of a model: of the guesses that it makes with p = 0.7, seven in ten should be right.

Source: Naeini, Cooper and Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian binning".
"""

import math
from dataclasses import dataclass

import numpy as np

from charseq.scoring import Surprisal

NUM_BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """The characters whose first guess had a probability in (low, high]; without any, the means are nan."""

    low: float
    high: float
    num_chars: int
    confidence: float
    accuracy: float


class Calibration:
    """Counts first guesses, and the right ones among them, by confidence in NUM_BINS parts of [0, 1]."""

    def __init__(self) -> None:
        self._sums = np.zeros((3, NUM_BINS))  # characters, confidences, right guesses

    def add(self, surprisal: Surprisal) -> None:
        """Count the next piece of a text, scored with ranks."""
        if surprisal.ranks is None or surprisal.confidences is None:
            raise ValueError("scored without ranks")
        confidences, ranks = surprisal.confidences, surprisal.ranks
        if surprisal.counted is not None:
            confidences, ranks = confidences[surprisal.counted], ranks[surprisal.counted]
        places = np.clip(np.ceil(confidences * NUM_BINS).astype(np.int64) - 1, 0, NUM_BINS - 1)
        for sums, weights in zip(self._sums, (None, confidences, ranks == 1), strict=True):
            sums += np.bincount(places, weights, NUM_BINS)

    @property
    def error(self) -> float:
        """The expected calibration error: |accuracy - confidence|, averaged over characters; nan for none."""
        counts, confidences, right = self._sums
        total = counts.sum()
        return float(np.abs(right - confidences).sum() / total) if total else math.nan

    @property
    def bins(self) -> list[Bin]:
        """The bins, from unsure to sure."""
        found = []
        for k, (count, confidence, right) in enumerate(self._sums.T.tolist()):
            low, high = k / NUM_BINS, (k + 1) / NUM_BINS
            means = (confidence / count, right / count) if count else (math.nan, math.nan)
            found.append(Bin(low, high, int(count), *means))
        return found
