"""The standard error of a figure, which is uncertain because a text has a limited length.

A figure is a ratio of sums, such as nats over characters. Its error is estimated from the units of the text.
Blocks of BLOCK_CHARS characters are correlated with their neighbours, so they are resampled in runs; the
length of a run is estimated from that correlation. Lines and files are assumed to be independent. There are
no random numbers: the variance of all possible resamples is computed exactly.

The error is for this text as one part of a longer text of the same kind. A correlation over a large part of
the text, as when chapters differ, cannot be measured from one text: then the true error is larger.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from charseq.analysis.blocks import Blocks
from charseq.analysis.segments import line_starts
from charseq.arrays import FloatArray

MIN_UNITS = 8
"""The fewest units from which an error is computed."""
MIN_FREEDOM = 3.0
"""The fewest degrees of freedom for an error and an interval."""
NORMAL_QUANTILE = 1.959963984540054
"""The 0.975 quantile of the standard normal distribution."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its standard error and its 95 % interval; all but `value` are nan for a short text."""

    value: float
    error: float
    low: float
    high: float

    def scaled(self, factor: float) -> "Estimate":
        """Return the estimate times `factor`, for a change of units."""
        return Estimate(*(factor * x for x in (self.value, self.error, self.low, self.high)))


class Units(ABC):
    """Sums of `num_columns` figures over the units of texts; call `begin` before each file."""

    def __init__(self, num_columns: int) -> None:
        self.total: FloatArray = np.zeros(num_columns)

    def begin(self) -> None:  # noqa: B027 (blocks continue from file to file)
        """Begin a new file."""

    def add(self, text: str, columns: FloatArray) -> None:
        """Add the next piece of the file, with the figures (L, num_columns) of its characters."""
        self.total += columns.sum(axis=0)
        self._add(text, columns)

    def ratio(self, numerator: FloatArray, denominator: FloatArray) -> Estimate:
        """Return the ratio of two weighted sums of the columns; both weights are (num_columns,)."""
        size = float(self.total @ denominator)
        if not size:
            return Estimate(math.nan, math.nan, math.nan, math.nan)
        value = float(self.total @ numerator) / size
        variance, freedom = self._variance(numerator - value * denominator)
        if not freedom >= MIN_FREEDOM:
            return Estimate(value, math.nan, math.nan, math.nan)
        error = math.sqrt(max(0.0, variance)) / abs(size)
        reach = student_quantile(freedom) * error
        return Estimate(value, error, value - reach, value + reach)

    @abstractmethod
    def _add(self, text: str, columns: FloatArray) -> None: ...

    @abstractmethod
    def _variance(self, weights: FloatArray) -> tuple[float, float]:
        """Return the variance of the sum of the weighted columns and its degrees of freedom, or nan."""


class BlockUnits(Units):
    """Blocks of equal length, resampled in runs; the length of a run depends on their correlation.

    Sources: Politis and Romano 1992, "A circular block-resampling procedure for stationary data"; for the
    length of the runs Politis and White 2004, "Automatic block-length selection for the dependent bootstrap",
    with the correction of Patton, Politis and White 2009. The rule is applied to blocks and not to single
    characters, whose noise would hide the slow part of the correlation.
    """

    def __init__(self, num_columns: int) -> None:
        super().__init__(num_columns)
        self._blocks = Blocks(num_columns)

    def _add(self, text: str, columns: FloatArray) -> None:
        self._blocks.add(columns)

    def _variance(self, weights: FloatArray) -> tuple[float, float]:
        residuals = self._blocks.sums @ weights
        num_blocks = len(residuals)
        if num_blocks < MIN_UNITS:
            return math.nan, math.nan
        length = run_length(residuals)
        around = np.concatenate([[0.0], np.cumsum(np.concatenate([residuals, residuals[: length - 1]]))])
        runs = around[length:] - around[:-length]
        num_runs = num_blocks / length
        variance = num_runs * float(np.mean(np.square(runs - runs.mean())))
        return variance * num_runs / max(num_runs - 1, 1e-9), num_runs - 1


class _IndependentUnits(Units):
    """Independent units; only their second moments are stored, so there may be any number of units."""

    def __init__(self, num_columns: int) -> None:
        super().__init__(num_columns)
        self._moments = np.zeros((num_columns, num_columns))
        self._open, self._num_units = np.zeros(num_columns), 0
        self._is_open = False

    def begin(self) -> None:
        """Begin a new file, and so a new unit."""
        self._close()

    def _close(self) -> None:
        if self._is_open:
            self._take(self._open[None])
        self._open, self._is_open = np.zeros_like(self._open), False

    def _take(self, units: FloatArray) -> None:
        self._moments += units.T @ units
        self._num_units += len(units)

    def _variance(self, weights: FloatArray) -> tuple[float, float]:
        moments, num_units = self._moments, self._num_units
        if self._is_open:
            moments, num_units = moments + np.outer(self._open, self._open), num_units + 1
        if num_units < MIN_UNITS:
            return math.nan, math.nan
        return float(weights @ moments @ weights) * num_units / (num_units - 1), num_units - 1


class LineUnits(_IndependentUnits):
    """Lines, each with the newline that ends it."""

    def __init__(self, num_columns: int) -> None:
        super().__init__(num_columns)
        self._after = ""

    def begin(self) -> None:
        """Begin a new file, and so a new line."""
        super().begin()
        self._after = ""

    def _add(self, text: str, columns: FloatArray) -> None:
        if not text:
            return
        cuts = np.flatnonzero(line_starts(text, self._after))
        self._after = text[-1]
        begins = cuts if len(cuts) and cuts[0] == 0 else np.concatenate([[0], cuts])
        sums = np.add.reduceat(columns, begins, axis=0)
        if len(cuts) and cuts[0] == 0:
            self._close()
        self._open, self._is_open = self._open + sums[0], True
        if len(sums) > 1:
            self._close()
            self._take(sums[1:-1])
            self._open, self._is_open = sums[-1].copy(), True


class FileUnits(_IndependentUnits):
    """Whole files."""

    def _add(self, text: str, columns: FloatArray) -> None:
        if len(columns):
            self._open, self._is_open = self._open + columns.sum(axis=0), True


UNITS: Mapping[str, type[Units]] = {"block": BlockUnits, "line": LineUnits, "file": FileUnits}
"""The units that an error can be estimated from, by name."""


def run_length(series: FloatArray) -> int:
    """Return the number of neighbours in a series (B,) to resample together, from 1 to B / 4.

    The rule is that of Politis and White 2004 for the circular bootstrap, with a flat-top lag window. Runs
    are at least as long as the largest significant lag, since the rule fails if positive and negative
    correlations cancel.
    """
    num, centred = len(series), series - series.mean()
    covariances = np.array([centred[: num - k] @ centred[k:] for k in range(num // 2)]) / num
    if not covariances[0] > 0:
        return 1
    bound = 2 * math.sqrt(math.log10(num) / num)
    quiet = max(5, math.ceil(math.sqrt(math.log10(num))))
    small = np.abs(covariances / covariances[0]) < bound
    last = next((k for k in range(len(small) - quiet) if small[k + 1 : k + 1 + quiet].all()), len(small) // 2)
    lags = np.arange(1, min(2 * max(last, 1), len(covariances) - 1) + 1)
    window = np.clip(2 * (1 - lags / (lags[-1] + 1e-9)), 0, 1)
    slope = 2 * float(np.sum(window * lags * covariances[lags]))
    level = covariances[0] + 2 * float(np.sum(window * covariances[lags]))
    by_rule = float((1.5 * (slope / level) ** 2 * num) ** (1 / 3)) if slope > 0 and level > 0 else 0.0
    return max(1, min(max(math.ceil(by_rule), last), num // 4))


def student_quantile(freedom: float) -> float:
    """Return the 0.975 quantile of Student's t for 3 or more degrees of freedom, to 0.2 %.

    Source: Abramowitz and Stegun 1964, formula 26.7.5.
    """
    z, f = NORMAL_QUANTILE, freedom
    return (
        z
        + (z**3 + z) / (4 * f)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * f**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * f**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * f**4)
    )
