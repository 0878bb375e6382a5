"""Prices, ranks and entropies by logits: against the softmax in float64, and compiled code against NumPy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.network.loss import EXACT, log_softmax
from charseq.network.pricing import (
    LEAST_ROWS,
    MOST_LOGITS,
    Prices,
    compiled_prices,
    rows_at_once,
    write_known_prices,
    write_prices,
)

SIZES = (1, 2, 15, 16, 17, 65, 700)


@pytest.fixture(params=["numpy", "numba"])
def write(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Return the function that writes prices, of each backend."""
    if request.param == "numba":
        pytest.importorskip("numba")
        return compiled_prices()
    return write_prices


def drawn(size: int, dtype: Any = np.float32, scale: float = 4.0) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Return logits (40, size), many of them equal, and targets (40,)."""
    rng = np.random.default_rng(size)
    logits = rng.normal(0, scale, (40, size)).astype(dtype)
    logits[20:] = np.round(logits[20:])
    return logits, rng.integers(0, size, 40, np.int32)


def priced(write: Callable[..., None], logits: NDArray[Any], targets: NDArray[np.int32]) -> Prices:
    found = Prices.empty(len(targets), ranks=True, entropies=True)
    write(logits, targets, out=found)
    return found


def plain_rank(scores: list[float], target: int) -> int:
    """Return the place of the target when all are sorted by score, equal ones by their number."""
    return 1 + sorted(range(len(scores)), key=lambda token: (-scores[token], token)).index(target)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", SIZES)
def test_prices_are_those_of_the_softmax(size: int, dtype: Any, write: Callable[..., None]) -> None:
    """Nats, the highest probability and the entropy are those of the softmax in float64.

    For large vocabularies of float32 logits they are near.
    """
    error = 1e-6 if size > EXACT and dtype == np.float32 else 1e-12
    logits, targets = drawn(size, dtype)
    log_p, found = log_softmax(logits), priced(write, logits, targets)
    np.testing.assert_allclose(found.nats, -log_p[np.arange(40), targets], rtol=0, atol=error)
    np.testing.assert_allclose(found.highest, log_p.max(axis=1), rtol=0, atol=error)
    np.testing.assert_allclose(found.entropies, -(np.exp(log_p) * log_p).sum(axis=1), rtol=0, atol=error)


@pytest.mark.parametrize("size", SIZES)
def test_known_prices_are_taken_as_they_are(size: int) -> None:
    """Of logits that are log p, nats are the same bits; ranks and the rest are as for any logits."""
    logits, targets = drawn(size, np.float64)
    log_p = log_softmax(logits)
    found, computed = priced(write_known_prices, log_p, targets), priced(write_prices, log_p, targets)
    np.testing.assert_array_equal(found.nats, -log_p[np.arange(40), targets])
    np.testing.assert_array_equal(found.ranks, computed.ranks)
    np.testing.assert_array_equal(found.highest, log_p.max(axis=1))
    np.testing.assert_allclose(found.entropies, computed.entropies, rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", SIZES)
def test_ranks_are_places_in_the_sorted_list(size: int, write: Callable[..., None]) -> None:
    """Of equal logits, that of the smaller token ranks first."""
    logits, targets = drawn(size)
    expected = [plain_rank(row, k) for row, k in zip(logits.tolist(), targets.tolist(), strict=True)]
    assert np.asarray(priced(write, logits, targets).ranks).tolist() == expected


def test_a_sure_prediction_costs_what_is_left(write: Callable[..., None]) -> None:
    """A price near 0 is as exact, relative to itself, as any other."""
    found = priced(write, np.array([[0, -14, -50]], np.float32), np.zeros(1, np.int32))
    assert found.nats == pytest.approx([np.log1p(np.exp(-14.0))], rel=1e-6)


def test_what_cannot_follow_costs_infinity_and_changes_nothing_else(write: Callable[..., None]) -> None:
    """Tokens of -infinity have the probability 0."""
    logits = np.array([[1, -np.inf, 2, -np.inf]] * 2, np.float32)
    found, without = (
        priced(write, logits, np.array([0, 1], np.int32)),
        priced(write, logits[:, ::2].copy(), np.array([0, 0], np.int32)),
    )
    assert found.nats[1] == np.inf
    assert found.nats[0] == pytest.approx(without.nats[0], rel=1e-7)
    np.testing.assert_allclose(found.entropies, without.entropies, rtol=1e-6)


@pytest.mark.parametrize("size", [3, 40])
def test_logits_that_are_no_numbers_have_no_price(size: int, write: Callable[..., None]) -> None:
    """A model that has diverged is not hidden."""
    logits = np.zeros((2, size), np.float32)
    logits[:, -1] = np.nan
    with np.errstate(invalid="ignore"):
        assert np.isnan(priced(write, logits, np.zeros(2, np.int32)).nats).all()


def test_what_was_not_asked_for_is_not_computed(write: Callable[..., None]) -> None:
    """Nats alone are the same as beside ranks and entropies."""
    logits, targets = drawn(65)
    found = Prices.empty(40, ranks=False, entropies=False)
    write(logits, targets, out=found)
    assert found.nats.tolist() == priced(write, logits, targets).nats.tolist()
    assert found.ranks is found.highest is found.entropies is None


def test_a_row_does_not_depend_on_those_beside_it(write: Callable[..., None]) -> None:
    """In however many blocks logits are looked at, each price is the same to the last bit."""
    logits, targets = drawn(65)
    whole, parts = priced(write, logits, targets), Prices.empty(40, ranks=True, entropies=True)
    for some in (slice(0, 7), slice(7, 40)):
        write(logits[some], targets[some], out=parts.at(some))
    assert [np.asarray(a).tolist() for a in parts] == [np.asarray(b).tolist() for b in whole]


@pytest.mark.parametrize("vocab_size", [1, 65, 6042, 10**6])
def test_few_logits_are_looked_at_together(vocab_size: int) -> None:
    """A block fits the cache, unless it has the fewest rows for which the projection is fast."""
    rows = rows_at_once(vocab_size)
    assert rows % 16 == 0
    assert rows == LEAST_ROWS or rows * vocab_size <= MOST_LOGITS
