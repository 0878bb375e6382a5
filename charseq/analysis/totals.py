"""The figures of a text as a whole, summed up while it is scored."""

import math

import numpy as np

from charseq.analysis.blocks import Blocks, standard_error
from charseq.analysis.calibration import Calibration
from charseq.scoring import Score, Surprisal


class Totals:
    """The `score` of a text, that of its `seen` characters alone, the calibration, the `seconds` taken."""

    def __init__(self) -> None:
        self.score, self.seen, self.seconds = Score(), Score(), 0.0
        self.calibration = Calibration()
        self._blocks = Blocks(2)

    def __repr__(self) -> str:
        return f"<Totals: {self.score}>"

    def add(self, surprisal: Surprisal, *, seconds: float) -> None:
        """Take the next piece of the text, and the `seconds` that scoring it took."""
        self.score += surprisal.score()
        self.seen += surprisal.score(seen_only=True)
        self.seconds += seconds
        self.calibration.add(surprisal)
        self._blocks.add(np.stack([surprisal.nats, np.ones(len(surprisal.nats))], axis=1))

    @property
    def standard_error(self) -> float:
        """The standard error of the bits per character, by block bootstrap; nan for a short text."""
        return standard_error(*self._blocks.sums.T)

    @property
    def chars_per_second(self) -> float:
        """The speed of scoring; nan if no time has passed."""
        return self.score.num_chars / self.seconds if self.seconds > 0 else math.nan
