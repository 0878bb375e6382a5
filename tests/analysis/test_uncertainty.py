"""The errors of figures: against resamples that are really drawn, textbook formulas, and in simulations."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from charseq.analysis.blocks import BLOCK_CHARS
from charseq.analysis.uncertainty import (
    MIN_UNITS,
    UNITS,
    BlockUnits,
    Estimate,
    FileUnits,
    LineUnits,
    Units,
    run_length,
    student_quantile,
)

Array = NDArray[Any]
NATS, CHARS = np.eye(2)


def columns_of(nats: Array) -> Array:
    """Return the columns of characters that cost `nats`: the price, and one."""
    return np.stack([nats, np.ones(len(nats))], axis=1)


def estimate(units: Units, files: Iterable[tuple[str, Array]], size: int = 1000) -> Estimate:
    """Return the mean price of the characters of some files, each added in pieces of that size."""
    for text, nats in files:
        units.begin()
        for begin in range(0, len(text), size):
            part = slice(begin, begin + size)
            units.add(text[part], columns_of(nats[part]))
    return units.ratio(NATS, CHARS)


def autoregressive(num: int, length: float, rng: np.random.Generator) -> Array:
    """Return a series whose correlation falls to 1/e after `length` steps, with twice as much noise added."""
    phi = math.exp(-1 / length)
    shocks, level, series = rng.standard_normal(num) * math.sqrt(1 - phi**2), rng.standard_normal(), []
    for shock in shocks.tolist():
        level = phi * level + shock
        series.append(level)
    return np.array(series) + 2 * rng.standard_normal(num)


# ---- blocks


def blocks_of(means: Array) -> tuple[str, Array]:
    """Return a text of blocks with these mean prices."""
    return "a" * (len(means) * BLOCK_CHARS), np.repeat(means, BLOCK_CHARS)


def test_independent_blocks_have_the_error_of_their_mean() -> None:
    """It is sd / sqrt(B), the textbook formula, where a run is one block."""
    means = np.random.default_rng(0).normal(2.0, 0.3, 400)
    assert run_length(means) == 1
    found = estimate(BlockUnits(2), [blocks_of(means)])
    assert found.value == pytest.approx(means.mean(), rel=1e-12)
    assert found.error == pytest.approx(means.std(ddof=1) / math.sqrt(400), rel=1e-9)


def test_the_variance_is_that_of_runs_that_are_really_drawn() -> None:
    """Runs of correlated blocks, drawn around the circle with replacement, vary as the formula says."""
    rng = np.random.default_rng(1)
    means = np.convolve(rng.standard_normal(307), np.ones(8) / 8, "valid")
    length, num = run_length(means), len(means)
    assert length > 3
    starts = rng.integers(0, num, (4000, num // length))
    drawn = means[(starts[..., None] + np.arange(length)) % num].mean(axis=(1, 2))
    num_runs = num / length
    expected = drawn.std() * math.sqrt(num // length / num_runs) * math.sqrt(num_runs / (num_runs - 1))
    assert estimate(BlockUnits(2), [blocks_of(means)]).error == pytest.approx(expected, rel=0.04)


def test_correlated_blocks_have_the_error_of_their_process() -> None:
    """A moving average of 20 numbers of unit variance: the mean of B has a deviation of 1 / sqrt(B)."""
    errors = []
    for seed in range(20):
        noise = np.random.default_rng(seed).standard_normal(619)
        means = np.convolve(noise, np.ones(20) / 20, "valid")
        errors.append(estimate(BlockUnits(2), [blocks_of(means)]).error)
    assert np.median(errors) == pytest.approx(1 / math.sqrt(600), rel=0.2)
    assert min(errors) > 0.5 / math.sqrt(600)


@pytest.mark.parametrize(("num_blocks", "is_known"), [(MIN_UNITS - 1, False), (MIN_UNITS, True)])
def test_few_blocks_have_no_error(num_blocks: int, is_known: bool) -> None:
    """The figure is there, its error is nan."""
    means = np.random.default_rng(3).normal(2.0, 0.3, num_blocks)
    found = estimate(BlockUnits(2), [blocks_of(means)])
    assert found.value == pytest.approx(means.mean())
    assert [math.isnan(x) for x in (found.error, found.low, found.high)] == [not is_known] * 3


def test_equal_blocks_leave_no_doubt() -> None:
    """The error is zero."""
    assert estimate(BlockUnits(2), [blocks_of(np.full(20, 1.5))]).error == pytest.approx(0, abs=1e-9)


def test_an_empty_text_has_no_figure() -> None:
    """Nothing over nothing is nan."""
    for kind in UNITS.values():
        assert math.isnan(kind(2).ratio(NATS, CHARS).value)


# ---- lines and files


def lines_of(prices: Array, lengths: Array) -> tuple[str, Array]:
    """Return a text of lines of these lengths, each character of which has the line's price."""
    text = "".join("a" * (length - 1) + "\n" for length in lengths.tolist())
    return text, np.repeat(prices, lengths)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000), size=st.sampled_from([1, 3, 7, 1000]))
def test_lines_have_the_error_of_a_ratio_of_independent_units_however_the_text_is_cut(
    seed: int, size: int
) -> None:
    """The linearised formula: residuals of the lines, squared, over the square of all characters."""
    rng = np.random.default_rng(seed)
    lengths, prices = rng.integers(1, 9, 40), rng.exponential(1, 40)
    sums = lengths * prices
    value = sums.sum() / lengths.sum()
    variance = np.square(sums - value * lengths).sum() * 40 / 39 / lengths.sum() ** 2
    found = estimate(LineUnits(2), [lines_of(prices, lengths)], size)
    assert found.value == pytest.approx(value, rel=1e-9)
    assert found.error == pytest.approx(math.sqrt(variance), rel=1e-9)
    assert found.high - found.value == pytest.approx(student_quantile(39) * found.error, rel=1e-9)


def test_a_line_that_no_newline_ends_is_a_line() -> None:
    """A file's last line is closed by the next file, or by the end."""
    rng = np.random.default_rng(0)
    prices = rng.exponential(1, 20)
    whole = estimate(LineUnits(2), [lines_of(prices, np.full(20, 4))])
    text, nats = lines_of(prices, np.full(20, 4))
    apart = [(text[k : k + 4].replace("\n", "b"), nats[k : k + 4]) for k in range(0, 80, 4)]
    found = estimate(LineUnits(2), apart)
    assert (found.value, found.error) == pytest.approx((whole.value, whole.error))


def test_files_are_units_as_wholes() -> None:
    """As lines would be that are files by themselves."""
    prices = np.random.default_rng(0).exponential(1, 12)
    files = [("a" * 50, np.full(50, price)) for price in prices]
    found = estimate(FileUnits(2), files, size=7)
    assert found.error == pytest.approx(prices.std(ddof=1) / math.sqrt(12), rel=1e-9)


@pytest.mark.parametrize("num", [MIN_UNITS - 1, MIN_UNITS])
def test_few_lines_have_no_error(num: int) -> None:
    """Fewer than MIN_UNITS of them."""
    found = estimate(LineUnits(2), [lines_of(np.arange(num) + 1.0, np.full(num, 3))])
    assert math.isnan(found.error) is (num < MIN_UNITS)


# ---- the rules


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    [(3, 3.182), (4, 2.776), (5, 2.571), (7, 2.365), (10, 2.228), (30, 2.042), (120, 1.980)],
)
def test_the_quantiles_are_those_of_the_tables(freedom: int, quantile: float) -> None:
    """Student's t, 0.975."""
    assert student_quantile(freedom) == pytest.approx(quantile, rel=0.002)


def test_the_run_length_of_white_noise_is_short() -> None:
    """One or two blocks in nearly all cases."""
    lengths = [run_length(np.random.default_rng(seed).standard_normal(300)) for seed in range(100)]
    assert np.mean(np.array(lengths) <= 2) > 0.85


def test_the_run_length_grows_with_the_correlation() -> None:
    """Slower series are resampled in longer runs, never in more than a quarter."""
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(1100)
    lengths = [run_length(np.convolve(noise, np.ones(k), "valid")[:1000]) for k in (1, 5, 25, 100)]
    assert lengths == sorted(lengths)
    assert lengths[0] <= 2 < lengths[1]
    assert lengths[-1] <= 250


def test_an_estimate_in_another_unit_is_scaled_as_a_whole() -> None:
    """Value, error and interval."""
    assert Estimate(1.0, 0.5, 0.0, 2.0).scaled(2.0) == Estimate(2.0, 1.0, 0.0, 4.0)


# ---- coverage


@pytest.mark.slow
@pytest.mark.parametrize(
    ("length", "floors"),
    [(5, (0.92, 0.92, 0.93, 0.93)), (50, (0.91, 0.91, 0.90, 0.89)), (500, (0.62, 0.74, 0.80, 0.85))],
)
def test_the_interval_covers_the_truth(length: float, floors: tuple[float, ...]) -> None:
    """In simulated texts the true mean lies in the 95 % interval as often as the manual says."""
    rng = np.random.default_rng(0)
    for num, times, floor in zip((2048, 5000, 20_000, 100_000), (400, 400, 200, 100), floors, strict=True):
        found = [
            estimate(BlockUnits(2), [("a" * num, 10 + autoregressive(num, length, rng))], size=num)
            for _ in range(times)
        ]
        share = np.mean([one.low <= 10 <= one.high for one in found])
        assert share >= floor, f"correlation length {length}, {num:,} characters"
