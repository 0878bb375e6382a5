"""The figures of a text as a whole, summed up while it is scored."""

import math

import numpy as np

from charseq.analysis.calibration import Calibration
from charseq.analysis.targets import TargetCounts
from charseq.analysis.uncertainty import UNITS, Estimate
from charseq.scoring import Score, Surprisal, bits


class Totals:
    """The `score` of a text, that of its `seen` characters alone, the calibration, the `seconds` taken.

    `static_nats` is the sum of a model that adapts if it had not learnt from the text, None for other models.
    `targets` has the counts of the targets of lines, None if there are none.
    Errors are estimated from `units`, a key of UNITS; each file follows a `begin`. `normalization` names the
    form in which the text is read, None for a text as it is. `optimum_bits_per_char` is the fewest bits that
    any model needs, None if they are not known, or not the same for all files.
    """

    def __init__(self, units: str = "block", normalization: str | None = None) -> None:
        self.normalization = normalization
        self.score, self.seen, self.seconds = Score(), Score(), 0.0
        self.static_nats: float | None = None
        self.targets: TargetCounts | None = None
        self.calibration = Calibration()
        self.optimum_bits_per_char: float | None = None
        self._units = UNITS[units](2)
        self._num_files = 0

    def __repr__(self) -> str:
        return f"<Totals: {self.score}>"

    def begin(self, optimum: float | None = None) -> None:
        """Begin with another file; `optimum` is the fewest bits per character for it, if they are known."""
        self._units.begin()
        is_same = not self._num_files or optimum == self.optimum_bits_per_char
        self.optimum_bits_per_char = optimum if is_same else None
        self._num_files += 1

    def add(
        self, text: str, surprisal: Surprisal, *, seconds: float, targets: TargetCounts | None = None
    ) -> None:
        """Take the next piece of the file, the `seconds` that scoring it took, the counts of its targets."""
        if targets is not None:
            self.targets = (self.targets or TargetCounts()) + targets
        self.score += surprisal.score()
        self.seen += surprisal.score(seen_only=True)
        self.seconds += seconds
        if surprisal.static_nats is not None:
            self.static_nats = (self.static_nats or 0.0) + float(surprisal.static_nats.sum())
        self.calibration.add(surprisal)
        self._units.add(text, np.stack([surprisal.nats, surprisal.additions()["num_chars"]], axis=1))

    @property
    def bits_per_char(self) -> Estimate:
        """The bits per character with their standard error and interval; these are nan for a short text."""
        return self._units.ratio(np.array([1.0, 0.0]), np.array([0.0, 1.0])).scaled(bits(1.0))

    @property
    def is_adapted(self) -> bool:
        """True if the model learnt from the text that it scored."""
        return self.static_nats is not None

    @property
    def static_nats_per_char(self) -> float | None:
        """The nats per character if the model had not learnt from the text, None if it does not learn."""
        if self.static_nats is None:
            return None
        return self.static_nats / self.score.num_chars if self.score.num_chars else math.nan

    @property
    def static_bits_per_char(self) -> float | None:
        """The bits per character if the model had not learnt from the text, None if it does not learn."""
        return None if self.static_nats_per_char is None else bits(self.static_nats_per_char)

    @property
    def gain(self) -> float | None:
        """The share of the static nats that adapting saved."""
        return 1 - self.score.nats / self.static_nats if self.static_nats else None

    @property
    def chars_per_second(self) -> float:
        """The speed of scoring; nan if no time has passed."""
        return self.score.num_chars / self.seconds if self.seconds > 0 else math.nan
