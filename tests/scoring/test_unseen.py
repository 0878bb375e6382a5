"""The rule for characters that a model does not know: their price, and what is left for all others."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from charseq.scoring.unseen import UnseenRule
from charseq.text import UNSEEN

EPS = 0.03125
RULE = UnseenRule(EPS)
shares = st.floats(1e-9, 0.999)


def log_softmax_of(seed: int, size: int) -> NDArray[np.float64]:
    """Return the logarithms of a distribution."""
    logits = 5 * np.random.default_rng(seed).standard_normal(size)
    return logits - math.log(np.exp(logits).sum())


@given(eps=shares, seed=st.integers(0, 2**32), size=st.integers(1, 30))
def test_known_characters_share_what_the_escape_leaves(eps: float, seed: int, size: int) -> None:
    """Whatever the distribution, the known characters together have the probability 1 - eps."""
    tokens, num_bytes = np.arange(size, dtype=np.int32), np.ones(size, np.int32)
    prices = UnseenRule(eps).prices(-log_softmax_of(seed, size), tokens, num_bytes)
    assert np.exp(-prices).sum() == pytest.approx(1 - eps, abs=1e-12)


def test_an_unknown_character_costs_the_escape_and_its_bytes() -> None:
    """An unknown character costs -log eps, and log 256 for each of its bytes."""
    num_bytes = np.array([1, 2, 3, 4], np.int32)
    prices = RULE.prices(np.zeros(4), np.full(4, UNSEEN, np.int32), num_bytes)
    expected = [-math.log(EPS) + k * math.log(256) for k in (1, 2, 3, 4)]
    assert prices == pytest.approx(expected, rel=1e-14)
    np.testing.assert_array_equal(RULE.unknown_nats(num_bytes), prices)


def test_the_256_single_bytes_share_the_escape() -> None:
    """The 256 ways to spell one unknown byte together have the probability eps, so no figure is flattered."""
    (price,) = RULE.prices(np.zeros(1), np.array([UNSEEN], np.int32), np.ones(1, np.int32))
    assert 256 * math.exp(-price) == pytest.approx(EPS, rel=1e-12)


def test_the_model_has_no_say_on_an_unknown_character() -> None:
    """The model's number for an unknown character, be it infinite, leaves no trace in its price."""
    targets, num_bytes = np.array([UNSEEN, UNSEEN, 0], np.int32), np.ones(3, np.int32)
    prices = RULE.prices(np.array([0.0, np.inf, 2.0]), targets, num_bytes)
    assert prices[0] == prices[1]
    assert prices[2] == pytest.approx(2 - math.log(1 - EPS), rel=1e-14)


def test_a_character_pays_for_being_known_once() -> None:
    """Of several tokens only the first pays for the character's being known; an unknown one is one token."""
    nats, targets = np.array([1.0, 2.0, 0.0, 4.0, 8.0, 16.0]), np.array([0, 3, UNSEEN, 1, 4, 5], np.int32)
    num_bytes = np.array([1, 0, 2, 1, 0, 0], np.int32)
    begins = np.array([True, False, True, True, False, False])
    prices = RULE.prices(nats, targets, num_bytes, begins)
    known, unknown = -math.log(1 - EPS), -math.log(EPS) + 2 * math.log(256)
    assert prices == pytest.approx([1 + known, 2, unknown, 4 + known, 8, 16], rel=1e-14)


def test_without_an_escape_an_unknown_character_is_impossible() -> None:
    """An escape of 0 leaves the model's prices as they are, and nothing for unknown characters."""
    rule, nats = UnseenRule(0.0), np.array([1.0, 2.0])
    targets, num_bytes = np.array([0, UNSEEN], np.int32), np.ones(2, np.int32)
    assert rule.prices(nats, targets, num_bytes).tolist() == [1.0, math.inf]
    assert rule.entropies(np.array([0.5])).tolist() == [0.5]


@given(eps=shares, seed=st.integers(0, 2**32), size=st.integers(1, 30))
def test_entropy_counts_the_escape_as_one_event(eps: float, seed: int, size: int) -> None:
    """The entropy with the escape is that of eps and of all known characters, which share the rest."""
    p = np.exp(log_softmax_of(seed, size))
    expected = -sum(q * math.log(q) for q in [*((1 - eps) * p).tolist(), eps])
    found = UnseenRule(eps).entropies(np.array([-(p * np.log(p)).sum()]))
    assert found == pytest.approx([expected], rel=1e-9)


def test_who_is_certain_doubts_the_unknown() -> None:
    """Where the model is certain, the entropy of whether a character is known is left."""
    of_escape = -EPS * math.log(EPS) - (1 - EPS) * math.log(1 - EPS)
    assert RULE.entropies(np.zeros(2)) == pytest.approx([of_escape, of_escape], rel=1e-12)
    assert RULE.escape_entropy == pytest.approx(of_escape, rel=1e-12)
