"""The parts of a plot for the terminal or a page: series of points, and axes with ticks at round numbers.

`plots.py` draws them with characters for the terminal, `charts.py` as SVG for a page. Round numbers are 1, 2
and 5 times a power of ten; they are Decimals, so that a tick's label is its exact value.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import count, pairwise

import numpy as np
from rich.cells import cell_len, set_cell_size

from charseq.arrays import FloatArray
from charseq.reports.display.visible import visible

SMALLEST, LARGEST = 1e-300, 1e300
"""Larger values count as infinite, since ticks around them would overflow; smaller ones count as zero."""
FINEST = 1e-9
"""The smallest visible difference, as a fraction of the size of the values; below it they are equal."""


@dataclass(frozen=True, slots=True)
class Series:
    """The points of one line, in their order on the line.

    Lines with the same `colour`, a number from 0, belong together; the `dash` is the number of a pattern, 0
    for an unbroken line. Without them, each line has its own.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    colour: int | None = None
    dash: int | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """A value on an axis, and its label."""

    value: float
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis from `low` to `high`, linear or logarithmic; `label` names the quantity and the unit."""

    label: str
    low: float
    high: float
    ticks: tuple[Tick, ...]
    log: bool = False

    def positions(self, values: Sequence[float]) -> FloatArray:
        """Return the positions of values: 0 is the beginning of the axis, 1 its end."""
        places, ends = np.asarray(values, np.float64), np.array([self.low, self.high])
        if self.log:
            places, ends = np.log10(places), np.log10(ends)
        positions: FloatArray = (places - ends[0]) / (ends[1] - ends[0])
        return positions


def shown(series: Series, *, log_x: bool, log_y: bool) -> Series:
    """Return `series` with its name on one line, and without the points that an axis cannot show.

    These are points with a value that is not finite, that is beyond LARGEST or, on a logarithmic axis, that
    is below SMALLEST. Raises ValueError unless there is a y for each x.
    """
    points = np.stack([np.asarray(series.x, np.float64), np.asarray(series.y, np.float64)])
    lowest = np.array([[SMALLEST if log else -LARGEST] for log in (log_x, log_y)])
    x, y = points[:, ((points >= lowest) & (points <= LARGEST)).all(axis=0)]  # nan fails both
    return replace(series, name=_one_line(series.name), x=x.tolist(), y=y.tolist())


def thinned(series: Series, x_axis: Axis, *, max_points: int = 500) -> Series:
    """Return `series` with at most `max_points`.

    The x axis is divided into intervals. The lowest and the highest point of each interval are kept, and the
    first and the last point of the series.
    """
    if len(series.x) <= max_points:
        return series
    stretches = (x_axis.positions(series.x) * (max_points // 2 - 2)).astype(np.int64)
    order = np.lexsort((np.asarray(series.y), stretches))
    border = np.flatnonzero(np.diff(stretches[order]))
    lowest, highest = order[np.append(0, border + 1)], order[np.append(border, -1)]
    kept = np.unique(np.concatenate([lowest, highest, [0, len(order) - 1]]))
    return replace(series, x=[series.x[k] for k in kept], y=[series.y[k] for k in kept])


def make_axis(values: Sequence[float], *, label: str, log: bool = False, max_ticks: int = 8) -> Axis:
    """Return an axis that contains all `values`, with two ticks or more; `max_ticks` is at least 5.

    A linear axis ends at the ticks around its values, a logarithmic one at the round numbers around them.
    """
    if log:
        ends, ticks = _log_ticks(*_range(values, (1, 10)), max_ticks)
    else:
        ticks = _linear_ticks(*_apart(*_range(values, (0, 1))), max_ticks)
        ends = ticks[0], ticks[-1]
    labels = _labels(ticks)
    return Axis(
        label=_one_line(label),
        low=float(ends[0]),
        high=float(ends[1]),
        ticks=tuple(Tick(float(tick), text) for tick, text in zip(ticks, labels, strict=True)),
        log=log,
    )


def stride(starts: Sequence[float], lengths: Sequence[float], *, gap: float) -> int:
    """Return the smallest k such that the gaps are at least `gap` if only every k-th text is drawn.

    The texts are on one line, each with the start and the length in `starts` and `lengths`.
    """
    texts = list(zip(starts, lengths, strict=True))
    return next(
        k
        for k in count(1)
        if all(after - (before + length) >= gap for (before, length), (after, _) in pairwise(texts[::k]))
    )


def exact(value: float) -> str:
    """Return the shortest text that is converted back to exactly this finite float."""
    return _labels([Decimal(repr(value))])[0]


def cut(text: str, width: int) -> str:
    """Return `text` in at most `width` columns of a terminal; … replaces the part that is cut off."""
    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def _one_line(text: str) -> str:
    """Return `text` with escapes for unprintable characters, and spaces unchanged."""
    return " ".join(map(visible, text.split(" ")))


def _range(values: Sequence[float], otherwise: tuple[float, float]) -> tuple[float, float]:
    return (min(values), max(values)) if values else otherwise


def _apart(low: float, high: float) -> tuple[float, float]:
    """Return the range unchanged, or a wider range around it if its ends are nearly equal."""
    size = max(abs(low), abs(high))
    if high - low >= max(SMALLEST, FINEST * size):
        return low, high
    margin = size / 2 if size >= SMALLEST else 1.0
    return low - margin, high + margin


def _linear_ticks(low: float, high: float, max_ticks: int) -> list[Decimal]:
    """Return multiples of a round step that cover the range: the smallest step with few enough ticks."""
    bottom, top = Decimal(repr(low)), Decimal(repr(high))
    for step in _round_numbers(((top - bottom) / max_ticks).adjusted()):
        first, last = math.floor(bottom / step), math.ceil(top / step)
        if last - first < max_ticks:
            break
    return [k * step for k in range(first, last + 1)]


def _log_ticks(low: float, high: float, max_ticks: int) -> tuple[tuple[Decimal, Decimal], list[Decimal]]:
    """Return the round numbers around the range, and the ticks: all round numbers in it, or powers of ten."""
    first, last = _round_index(low), _round_index(high)
    last += _round_number(last) < Decimal(repr(high))
    if first == last:
        first, last = first - 1, last + 1
    ends = _round_number(first), _round_number(last)
    if last - first < max_ticks:
        return ends, [_round_number(n) for n in range(first, last + 1)]
    powers = range(-(-first // 3), last // 3 + 1)
    for step in map(int, _round_numbers(0)):
        exponents = [exponent for exponent in powers if exponent % step == 0]
        if len(exponents) <= max_ticks:
            break
    return ends, [Decimal(1).scaleb(exponent) for exponent in exponents]


def _round_number(n: int) -> Decimal:
    """Return the round number with index n: 0.5 for -1, 1 for 0, 2 for 1, 5 for 2, 10 for 3."""
    return Decimal((0, ((1, 2, 5)[n % 3],), n // 3))


def _round_numbers(exponent: int) -> Iterator[Decimal]:
    """Yield the round numbers from 10^exponent on."""
    return (_round_number(n) for n in count(3 * exponent))


def _round_index(value: float) -> int:
    """Return the index of the largest round number up to a positive value."""
    number = Decimal(repr(value))
    begin = 3 * number.adjusted()
    return max(n for n in range(begin, begin + 3) if _round_number(n) <= number)


def _labels(numbers: Sequence[Decimal]) -> list[str]:
    """Return numbers as exact texts, all plain or all with exponents: 10,000 and 0.5, or 1e8 and 1e-6."""
    numbers = [number.normalize() for number in numbers]
    plain = [f"{number:,f}" for number in numbers]
    powers = [f"{number:e}".removesuffix("e+0").replace("e+", "e") for number in numbers]
    moderate = all(number.adjusted() < 7 and number == round(number, 4) for number in numbers)
    return plain if moderate or len(max(plain, key=len)) <= len(max(powers, key=len)) else powers
