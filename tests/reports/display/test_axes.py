"""Axes and series: ticks at round numbers with exact labels, points that have a place, not too many."""

import math
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from charseq.reports.display.axes import (
    LARGEST,
    SMALLEST,
    Axis,
    Series,
    cut,
    exact,
    make_axis,
    shown,
    stride,
    thinned,
)

finite = st.floats(-LARGEST, LARGEST)
positive = st.floats(SMALLEST, LARGEST)
moderate = st.floats(-1e6, 1e6)
everyday = st.integers(-10_000, 10_000).map(lambda n: n / 100)
linear_values = st.lists(st.one_of(finite, moderate, everyday), max_size=8)
log_values = st.lists(
    st.one_of(positive, st.floats(1e-6, 1e6), st.integers(1, 2000).map(float)), min_size=0, max_size=8
)
tick_counts = st.integers(5, 10)


def axis_of(*values: float, log: bool = False, max_ticks: int = 8) -> Axis:
    return make_axis(values, label="", log=log, max_ticks=max_ticks)


def labels_of(axis: Axis) -> str:
    return " ".join(tick.label for tick in axis.ticks)


def number(label: str) -> float:
    return float(label.replace(",", ""))


# Linear axes


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ((0, 1), "0 0.2 0.4 0.6 0.8 1"),
        ((0, 7), "0 1 2 3 4 5 6 7"),
        ((0, 7.1), "0 2 4 6 8"),
        ((0, 14.1), "0 5 10 15"),
        ((-3, 4), "-3 -2 -1 0 1 2 3 4"),
        ((1, 1234), "0 200 400 600 800 1,000 1,200 1,400"),
        ((1.62, 4.44), "1.5 2 2.5 3 3.5 4 4.5"),
        ((0.1, 0.3), "0.1 0.15 0.2 0.25 0.3"),
        ((0, 50_000), "0 10,000 20,000 30,000 40,000 50,000"),
        ((0, 6e6), "0 1,000,000 2,000,000 3,000,000 4,000,000 5,000,000 6,000,000"),
        ((0, 3e7), "0 5e6 1e7 1.5e7 2e7 2.5e7 3e7"),
        ((0, 0.0005), "0 0.0001 0.0002 0.0003 0.0004 0.0005"),
        ((0, 5e-5), "0 1e-5 2e-5 3e-5 4e-5 5e-5"),
        ((0, 5e-6), "0 1e-6 2e-6 3e-6 4e-6 5e-6"),
        ((1.7e9, 1.7e9 + 4), "1,700,000,000 1,700,000,001 1,700,000,002 1,700,000,003 1,700,000,004"),
        ((-1e300, 1e300), "-1e300 -5e299 0 5e299 1e300"),
        ((0, 1e-300), "0 2e-301 4e-301 6e-301 8e-301 1e-300"),
    ],
)
def test_linear_ticks_have_the_smallest_round_step_that_covers_the_values(
    values: tuple[float, ...], labels: str
) -> None:
    """A linear axis has the smallest round step with which so many ticks cover the values."""
    assert labels_of(axis_of(*values)) == labels


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ((), "0 0.2 0.4 0.6 0.8 1"),
        ((0,), "-1 -0.5 0 0.5 1"),
        ((5e-324,), "-1 -0.5 0 0.5 1"),
        ((3, 3, 3), "1.5 2 2.5 3 3.5 4 4.5"),
        ((-20,), "-30 -25 -20 -15 -10"),
        ((1e-300,), "4e-301 6e-301 8e-301 1e-300 1.2e-300 1.4e-300 1.6e-300"),
        ((1e300,), "4e299 6e299 8e299 1e300 1.2e300 1.4e300 1.6e300"),
        ((1, 1 + 1e-12), "0.4 0.6 0.8 1 1.2 1.4 1.6"),
    ],
)
def test_a_linear_axis_needs_no_range_of_values(values: tuple[float, ...], labels: str) -> None:
    """Around values that are none, one, equal, or too close to tell apart there is an axis too."""
    assert labels_of(axis_of(*values)) == labels


@settings(deadline=None)
@given(linear_values, tick_counts)
def test_linear_ticks_are_few_even_exact_and_enclose_all_values(values: list[float], max_ticks: int) -> None:
    """Ticks are few, evenly apart and exactly labelled; the first and the last enclose all values."""
    axis = axis_of(*values, max_ticks=max_ticks)
    assert 2 <= len(axis.ticks) <= max_ticks
    assert (axis.ticks[0].value, axis.ticks[-1].value) == (axis.low, axis.high)
    assert axis.low < axis.high
    assert all(axis.low <= value <= axis.high for value in values)
    assert [number(tick.label) for tick in axis.ticks] == [tick.value for tick in axis.ticks]
    places = axis.positions([tick.value for tick in axis.ticks])
    np.testing.assert_allclose(places, np.linspace(0, 1, len(places)), rtol=0, atol=1e-6)
    assert max(len(tick.label) for tick in axis.ticks) <= 19


@settings(deadline=None)
@given(linear_values)
def test_a_linear_axis_is_not_much_longer_than_its_values(values: list[float]) -> None:
    """Values that differ take up half of their axis or more."""
    axis = axis_of(*values)
    if values and max(values) - min(values) > 1e-8 * max(map(abs, values)) + SMALLEST:
        assert np.ptp(axis.positions([min(values), max(values)])) > 0.4


# Logarithmic axes


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ((1, 1000), "1 10 100 1,000"),
        ((1, 100), "1 2 5 10 20 50 100"),
        ((0.3, 0.4), "0.2 0.5"),
        ((2.5, 40), "2 5 10 20 50"),
        ((3, 150), "2 5 10 20 50 100 200"),
        ((3, 450), "2 5 10 20 50 100 200 500"),
        ((1, 450), "1 10 100"),
        ((1e-4, 1), "0.0001 0.001 0.01 0.1 1"),
        ((1e-6, 1), "1e-6 1e-5 1e-4 1e-3 1e-2 1e-1 1"),
        ((1e-7, 1), "1e-7 1e-6 1e-5 1e-4 1e-3 1e-2 1e-1 1"),
        ((1e-8, 1), "1e-8 1e-6 1e-4 1e-2 1"),
        ((3e-9, 7), "1e-8 1e-6 1e-4 1e-2 1"),
        ((1e-300, 1e300), "1e-300 1e-200 1e-100 1 1e100 1e200 1e300"),
        ((1e-300, 1e-290), "1e-300 1e-298 1e-296 1e-294 1e-292 1e-290"),
    ],
)
def test_log_ticks_are_round_numbers_or_powers_of_ten(values: tuple[float, ...], labels: str) -> None:
    """A logarithmic axis has all round numbers, or powers of ten, or every second, fifth, ... of these."""
    assert labels_of(axis_of(*values, log=True)) == labels


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ((), "1 2 5 10"),
        ((3,), "2 5"),
        ((5, 5), "2 5 10"),
        ((1e-300,), "5e-301 1e-300 2e-300"),
        ((1e300,), "5e299 1e300 2e300"),
    ],
)
def test_a_log_axis_needs_no_range_of_values(values: tuple[float, ...], labels: str) -> None:
    """Around no value, or a single one, there is a logarithmic axis too."""
    assert labels_of(axis_of(*values, log=True)) == labels


@settings(deadline=None)
@given(log_values, tick_counts)
def test_log_ticks_are_few_round_exact_and_on_the_axis(values: list[float], max_ticks: int) -> None:
    """Ticks are few, on the axis, round and exactly labelled; all values are between its ends."""
    axis = axis_of(*values, log=True, max_ticks=max_ticks)
    assert axis.log
    assert 2 <= len(axis.ticks) <= max_ticks
    assert 0 < axis.low < axis.high
    assert all(axis.low <= value <= axis.high for value in [*values, *(tick.value for tick in axis.ticks)])
    assert [number(tick.label) for tick in axis.ticks] == [tick.value for tick in axis.ticks]
    assert all(f"{tick.value:e}"[0] in "125" for tick in axis.ticks)
    assert all(set(tick.label.partition("e")[0]) <= set("0125,.") for tick in axis.ticks)
    steps = {
        round(math.log10(after.value) - math.log10(before.value), 6) for before, after in pairwise(axis.ticks)
    }
    assert len(steps) == 1 or steps == {0.30103, 0.39794}


@settings(deadline=None)
@given(log_values)
def test_a_log_axis_is_not_much_longer_than_its_values(values: list[float]) -> None:
    """Either end of a logarithmic axis is within a factor of 2.5 of the values, or of 5 with one value."""
    axis = axis_of(*values, log=True)
    slack = 2.51 if values and min(values) < max(values) else 5
    if values:
        assert axis.low * slack > min(values)
        assert axis.high < max(values) * slack


# Positions


def test_a_linear_axis_spreads_its_values_evenly() -> None:
    """A linear axis spreads its values evenly."""
    axis = Axis("", -2, 6, ())
    assert axis.positions([-2, 0, 2, 6]).tolist() == [0, 0.25, 0.5, 1]


def test_a_log_axis_gives_each_power_of_ten_the_same_room() -> None:
    """A logarithmic axis gives each power of ten the same room."""
    axis = Axis("", 0.1, 1000, (), log=True)
    assert axis.positions([0.1, 1, 100, 1000]) == pytest.approx([0, 0.25, 0.75, 1])


@settings(deadline=None)
@given(linear_values, log_values)
def test_positions_are_in_order_and_on_the_axis(linear: list[float], log: list[float]) -> None:
    """What is larger does not lie before what is smaller, and nothing beyond the ends."""
    for values, axis in ((linear, axis_of(*linear)), (log, axis_of(*log, log=True))):
        places = axis.positions(sorted(values)).tolist()
        assert places == sorted(places)
        assert all(0 <= place <= 1 for place in places)


def test_a_label_is_on_one_line() -> None:
    """What an axis is called has no line ends or commands, and keeps its spaces."""
    assert make_axis([1], label="loss\n(\x1b bits)").label == r"loss\n(\x1b bits)"


# Series


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1.1e300, -1.1e300, sys.float_info.max])
@pytest.mark.parametrize("log", [False, True])
def test_points_without_a_place_are_left_out(bad: float, log: bool) -> None:
    """A point with a coordinate that is not finite, or as good as infinite, is left out, whichever it is."""
    series = Series("a", [1, bad, 2, 3], [4, 5, bad, 6])
    assert shown(series, log_x=log, log_y=log) == Series("a", [1, 3], [4, 6])


@pytest.mark.parametrize("bad", [0.0, -0.0, -1.0, 5e-324])
def test_what_has_no_logarithm_is_left_out(bad: float) -> None:
    """A point that is not above zero is left out on an axis that is logarithmic, and stays on another."""
    series = Series("a", [1, bad, 2, 3], [4, 5, bad, 6])
    assert shown(series, log_x=True, log_y=True) == Series("a", [1, 3], [4, 6])
    assert shown(series, log_x=True, log_y=False) == Series("a", [1, 2, 3], [4, bad, 6])
    assert shown(series, log_x=False, log_y=True) == Series("a", [1, bad, 3], [4, 5, 6])
    assert shown(series, log_x=False, log_y=False) == series


def test_the_extremes_have_a_place() -> None:
    """The smallest and the largest that can be shown are."""
    series = Series("a", [SMALLEST, LARGEST], [LARGEST, SMALLEST])
    assert shown(series, log_x=True, log_y=True) == series
    assert shown(Series("a", [-LARGEST], [LARGEST]), log_x=False, log_y=False).x == [-LARGEST]


def test_arrays_become_plain_numbers() -> None:
    """Points may come as arrays of any kind, and none at all is fine."""
    series = shown(
        Series("a", np.array([1, 2], np.int32), np.array([0.5, 0.25], np.float32)), log_x=True, log_y=True
    )
    assert series == Series("a", [1.0, 2.0], [0.5, 0.25])
    assert {type(value) for value in [*series.x, *series.y]} == {float}
    assert shown(Series("a", [], []), log_x=True, log_y=False) == Series("a", [], [])


@pytest.mark.parametrize("y", [[1.0], [1.0, 2.0, 3.0], []])
def test_each_x_needs_a_y(y: list[float]) -> None:
    """A series with more of one than of the other is refused."""
    with pytest.raises(ValueError, match="same shape"):
        shown(Series("a", [1.0, 2.0], y), log_x=False, log_y=False)


def test_a_name_is_on_one_line() -> None:
    """A series' name loses what a terminal would obey, and keeps its spaces."""
    assert shown(Series("a b\n\x1b[2J\t", [], []), log_x=False, log_y=False).name == r"a b\n\x1b[2J\t"


# Thinning


def test_few_points_all_stay() -> None:
    """A series with as many points as there may be is left as it is."""
    series = Series("a", [float(x) for x in range(500)], [float(x % 7) for x in range(500)])
    assert thinned(series, axis_of(0, 499)) is series


def test_of_many_points_the_extremes_stay() -> None:
    """Of many points the first, the last, and the lowest and highest everywhere remain."""
    x = [float(k) for k in range(10_000)]
    y = [0.5 + 0.1 * math.sin(k) for k in x]
    y[1234], y[8765] = 9.0, -9.0
    y[5], y[9990] = -8.0, 8.0
    some = thinned(Series("a", x, y), axis_of(0, 9999))
    expected = {(k, y[int(k)]) for k in (0.0, 5.0, 1234.0, 8765.0, 9990.0, 9999.0)}
    assert expected <= set(zip(some.x, some.y, strict=True))
    assert len(some.x) > 400
    assert max(after - before for before, after in pairwise(some.x)) < 100


def test_as_many_points_stay_as_may() -> None:
    """Where each stretch has a highest and a lowest point, and first and last are neither, they just fit."""
    x, y = [float(k // 40) for k in range(20_000)], [float((k + 20) % 40) for k in range(20_000)]
    assert len(thinned(Series("a", x, y), axis_of(*x)).x) < 500  # the axis is longer than the series
    assert len(thinned(Series("a", x, y), Axis("", 0, 499, ())).x) == 500


def test_a_log_axis_keeps_the_points_that_are_far_apart_on_it() -> None:
    """Points that a logarithmic axis spreads widely all stay, however many there are beyond."""
    x = [float(k) for k in range(1, 100_001)]
    some = thinned(Series("a", x, x), axis_of(1, 1e5, log=True))
    assert some.x[:20] == x[:20]


@settings(deadline=None)
@given(
    points=st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=1, max_size=200),
    max_points=st.integers(20, 60),
)
def test_thinned_points_keep_their_order_and_their_extremes(
    points: list[tuple[int, int]], max_points: int
) -> None:
    """No more points remain than may; they are the series' in their order, its extremes among them."""
    x, y = ([float(point[k]) for point in points] for k in (0, 1))
    some = thinned(Series("a", x, y), axis_of(*x), max_points=max_points)
    assert len(some.x) == len(some.y) <= max_points
    remaining = iter(zip(x, y, strict=True))
    assert all(point in remaining for point in zip(some.x, some.y, strict=True))  # in order: `in` consumes
    assert (min(some.y), max(some.y)) == (min(y), max(y))
    assert (some.x[0], some.y[0], some.x[-1], some.y[-1]) == (x[0], y[0], x[-1], y[-1])


# Texts


@pytest.mark.parametrize(
    ("starts", "lengths", "expected"),
    [
        ([0], [9], 1),
        ([0, 5, 10], [3, 3, 3], 1),
        ([0, 4, 8], [3, 3, 3], 2),
        ([0, 5, 9, 15], [3, 3, 3, 3], 2),
        ([0, 1, 2, 3], [3, 3, 3, 3], 4),
    ],
)
def test_as_many_texts_are_kept_as_leave_a_gap_between_any_two(
    starts: list[float], lengths: list[float], expected: int
) -> None:
    """As many texts as possible are kept, evenly, so that there is a gap between any two."""
    assert stride(starts, lengths, gap=2) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1000.0, "1,000"),
        (2.5, "2.5"),
        (-0.125, "-0.125"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e-300, "1e-300"),
        (1.5e300, "1.5e300"),
        (123456789.0, "123,456,789"),
    ],
)
def test_a_number_is_written_plainly_unless_that_takes_too_many_zeros(value: float, text: str) -> None:
    """A number is written plainly unless that takes too many zeros."""
    assert exact(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_an_exact_text_means_just_its_number(value: float) -> None:
    """The text means just this number, and is hardly longer than Python's."""
    assert number(exact(value)) == value
    assert len(exact(value)) <= len(repr(value)) + 7


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("hello", 5, "hello"),
        ("hello", 4, "hel…"),
        ("안녕", 4, "안녕"),
        ("안녕", 3, "안…"),
        ("안녕 세계", 4, "안…"),
        ("안녕 세계", 6, "안녕…"),
        ("hello world", 7, "hello…"),
        ("", 1, ""),
    ],
)
def test_a_text_that_is_too_wide_ends_in_an_ellipsis(text: str, width: int, expected: str) -> None:
    """A text that is too wide ends in an ellipsis, within the columns there are."""
    assert cut(text, width) == expected
    assert cell_len(cut(text, width)) <= width
