"""From logits to one token: the argmax at temperature 0, the softmax in the long run, the right ones cut."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.config import SampleConfig
from charseq.registry import FILTERS
from charseq.sampling.filters import draw, filter_, temperature_at

CHI_SQUARE_5 = 20.515
"""What chi-square of 5 degrees of freedom exceeds once in a thousand times."""

distinct_logits = st.permutations([-1.0, -0.6, -0.3, 0.0, 0.2, 0.7, 1.0]).map(np.array)


class Evenly:
    """Instead of chance: `num` numbers evenly spread over [0, 1)."""

    def __init__(self, num: int) -> None:
        self._numbers = iter((np.arange(num) + 0.5) / num)

    def random(self) -> float:
        return float(next(self._numbers))


class Always:
    """Instead of chance: the same number again and again."""

    def __init__(self, number: float) -> None:
        self._number = number

    def random(self) -> float:
        return self._number


def even_draws(logits: np.ndarray, config: SampleConfig, num: int = 1000) -> np.ndarray:
    """Return how often each token is drawn when the random numbers are evenly spread."""
    rng: Any = Evenly(num)
    return np.bincount([draw(logits, config, rng) for _ in range(num)], minlength=len(logits))


def drawn(logits: np.ndarray, **changes: float) -> set[int]:
    """Return the tokens that can be drawn at temperature 1."""
    config = SampleConfig.model_validate({"temperature": 1.0, **changes})
    return set(np.flatnonzero(even_draws(logits, config)).tolist())


@given(logits=distinct_logits, scale=st.sampled_from([1e-6, 1.0, 1e4]))
def test_temperature_zero_is_the_argmax(logits: np.ndarray, scale: float) -> None:
    """At temperature 0 the likeliest token is drawn, whatever the chance."""
    config, rng = SampleConfig(temperature=0.0), np.random.default_rng(0)
    assert draw(scale * logits, config, rng) == np.argmax(logits)


@pytest.mark.parametrize("temperature", [1e-3, 1e-9, 1e-299, 1e-300, 1e-301, 1e-310, 5e-324])
@given(logits=distinct_logits, scale=st.sampled_from([1.0, 1e4]))
def test_low_temperature_is_the_argmax(temperature: float, logits: np.ndarray, scale: float) -> None:
    """At temperatures near 0 nothing overflows, and of distinct logits the largest is drawn."""
    config, rng = SampleConfig(temperature=temperature), np.random.default_rng(0)
    assert {draw(scale * logits, config, rng) for _ in range(20)} == {np.argmax(logits)}


@pytest.mark.parametrize("temperature", [1e-9, 1e-250, 1e-299, 1e-300, 1e-301, 1e-310, 5e-324])
def test_low_temperature_of_any_float32(temperature: float) -> None:
    """At temperatures near 0, logits as far apart as single precision goes do not overflow either."""
    logits, config = np.array([0, -3.4e38, 3.4e38, 1], np.float32), SampleConfig(temperature=temperature)
    assert {draw(logits, config, np.random.default_rng(0)) for _ in range(20)} == {2}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("temperature", [1e-9, 1e-300, 1e-310, 5e-324])
def test_low_temperature_of_equals_is_uniform(temperature: float, dtype: type) -> None:
    """At temperatures near 0, equal logits are drawn alike where they are the largest, the others never."""
    logits: np.ndarray = np.array([1.0, 3.0, 2.999, 3.0, -50.0, 3.0], dtype)
    counts = even_draws(logits, SampleConfig(temperature=temperature))
    assert counts == pytest.approx([0, 1000 / 3, 0, 1000 / 3, 0, 1000 / 3], abs=1)


@pytest.mark.parametrize("temperature", [1e-9, 1e-300, 1e-310])
@pytest.mark.parametrize(("changes", "tokens"), [({"top_k": 2}, {1, 3}), ({"top_p": 0.5}, {1, 3})])
def test_low_temperature_of_equals_is_cut(
    temperature: float, changes: dict[str, float], tokens: set[int]
) -> None:
    """At temperatures near 0, the cuts keep the first of equal logits."""
    logits = np.array([1.0, 3.0, 2.999, 3.0, -50.0, 3.0])
    assert drawn(logits, temperature=temperature, **changes) == tokens


@pytest.mark.parametrize("temperature", [1e9, 1e308])
def test_high_temperature_is_uniform(temperature: float) -> None:
    """At huge temperatures all tokens are drawn alike."""
    counts = even_draws(np.array([-1e3, 0.0, 5.0, 1e3]), SampleConfig(temperature=temperature))
    assert counts == pytest.approx(np.full(4, 250), abs=1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_even_chance_gives_the_softmax(temperature: float) -> None:
    """Evenly spread random numbers give each token its share of softmax(logits / temperature)."""
    logits = np.array([0.3, -1.0, 2.0, 0.0, 1.0, -0.5])
    weights = np.exp(logits / temperature)
    counts = even_draws(logits, SampleConfig(temperature=temperature), num=10_000)
    assert counts == pytest.approx(10_000 * weights / weights.sum(), abs=1)


@pytest.mark.parametrize("temperature", [1e-200, 1e-9, 1e-3, 1e3, 1e9, 1e200])
def test_temperature_is_a_scale(temperature: float) -> None:
    """Logits as small or as large as the temperature are drawn as others are at temperature 1."""
    logits = np.array([0.3, -1.0, 2.0, 0.0, 1.0, -0.5])
    counts = even_draws(temperature * logits, SampleConfig(temperature=temperature))
    assert counts == pytest.approx(even_draws(logits, SampleConfig(temperature=1.0)), abs=1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_long_run_is_the_softmax(temperature: float) -> None:
    """In the long run frequencies are those of softmax(logits / temperature), by the chi-square test."""
    logits = np.array([0.3, -1.0, 2.0, 0.0, 1.0, -0.5], np.float32)
    config, rng = SampleConfig(temperature=temperature), np.random.default_rng(0)
    counts = np.bincount([draw(logits, config, rng) for _ in range(10_000)], minlength=6)
    weights = np.exp(logits.astype(np.float64) / temperature)
    expected = 10_000 * weights / weights.sum()
    assert np.sum((counts - expected) ** 2 / expected) < CHI_SQUARE_5


@pytest.mark.parametrize("shift", [-1e4, 1e4])
def test_logits_count_by_their_differences(shift: float) -> None:
    """Logits shifted by a number, even a huge one, are drawn from alike."""
    logits, config = np.array([0.25, -1.0, 2.0, 0.0]), SampleConfig(temperature=1.0)
    assert even_draws(logits + shift, config).tolist() == even_draws(logits, config).tolist()


@pytest.mark.parametrize("changes", [{}, {"top_k": 3}, {"top_p": 0.7}, {"typical": 0.5}, {"min_p": 0.2}])
def test_a_draw_takes_one_random_number(changes: dict[str, float]) -> None:
    """A draw takes one uniform number, so that settings do not shift what follows."""
    config = SampleConfig.model_validate({"temperature": 1.0, **changes})
    rng, twin = np.random.default_rng(0), np.random.default_rng(0)
    for _ in range(10):
        draw(np.arange(6.0), config, rng)
        twin.random()
    assert rng.random() == twin.random()


def test_logits_are_left_alone() -> None:
    """Drawing does not change the logits."""
    logits = np.array([0.3, -1.0, 2.0])
    draw(logits, SampleConfig(temperature=0.5, top_k=2, top_p=0.5), np.random.default_rng(0))
    assert logits.tolist() == [0.3, -1.0, 2.0]


@given(logits=distinct_logits, temperature=st.floats(1e-3, 1e3))
def test_top_one_is_the_argmax(logits: np.ndarray, temperature: float) -> None:
    """Of the single likeliest token, that one is drawn."""
    config = SampleConfig(temperature=temperature, top_k=1)
    assert draw(logits, config, np.random.default_rng(0)) == np.argmax(logits)


@settings(max_examples=30)
@given(logits=distinct_logits, top_k=st.integers(1, 9))
def test_top_k_keeps_the_k_likeliest(logits: np.ndarray, top_k: int) -> None:
    """Exactly the k likeliest tokens can be drawn."""
    assert drawn(logits, top_k=top_k) == set(np.argsort(-logits)[:top_k].tolist())


def test_top_k_zero_keeps_all() -> None:
    """A k of 0 means all."""
    assert drawn(np.zeros(4), top_k=0) == {0, 1, 2, 3}


def test_of_equals_top_k_keeps_the_first() -> None:
    """Of equally likely tokens no more than k are kept, the first ones."""
    assert drawn(np.zeros(4), top_k=2) == {0, 1}


# The likelihoods 0.15, 0.5, 0.05, 0.3; sorted and added up: 0.5, 0.8, 0.95, 1.
SHARES = np.log([0.15, 0.5, 0.05, 0.3])


@pytest.mark.parametrize(
    ("top_p", "tokens"),
    [
        (1e-300, {1}),
        (0.1, {1}),
        (0.49, {1}),
        (0.51, {1, 3}),
        (0.79, {1, 3}),
        (0.81, {0, 1, 3}),
        (0.94, {0, 1, 3}),
        (0.96, {0, 1, 2, 3}),
        (1.0, {0, 1, 2, 3}),
    ],
)
def test_top_p_keeps_the_fewest_that_reach_it(top_p: float, tokens: set[int]) -> None:
    """Exactly the fewest likeliest tokens that together reach the share can be drawn."""
    assert drawn(SHARES, top_p=top_p) == tokens


@pytest.mark.parametrize(
    ("top_k", "top_p", "tokens"),
    [(2, 0.6, {1}), (2, 0.65, {1, 3}), (1, 0.99, {1}), (3, 0.99, {0, 1, 3}), (3, 0.51, {1})],
)
def test_top_p_is_a_share_of_what_top_k_leaves(top_k: int, top_p: float, tokens: set[int]) -> None:
    """With both cuts the share is that of the k likeliest."""
    assert drawn(SHARES, top_k=top_k, top_p=top_p) == tokens


def test_top_p_is_taken_at_the_temperature() -> None:
    """The share is that of the likelihoods at the temperature in force."""
    logits = np.array([math.log(0.6), math.log(0.4)])
    counts = even_draws(logits, SampleConfig(temperature=0.1, top_p=0.9))
    assert counts.tolist() == [1000, 0]


def test_what_is_kept_keeps_its_proportions() -> None:
    """The tokens that a cut leaves are drawn in proportion to their likelihoods."""
    counts = even_draws(SHARES, SampleConfig(temperature=1.0, top_k=2))
    assert counts == pytest.approx([0, 625, 0, 375], abs=1)


@pytest.mark.parametrize("number", [0.0, math.nextafter(1.0, 0.0)])
def test_what_is_cut_is_never_drawn(number: float) -> None:
    """The extreme random numbers draw no token that was cut off, at either end."""
    rng: Any = Always(number)
    assert draw(np.array([0.0, 5.0, 4.9, 0.0]), SampleConfig(temperature=1.0, top_k=2), rng) in {1, 2}


@pytest.mark.parametrize("number", [0.0, math.nextafter(1.0, 0.0)])
def test_the_impossible_is_never_drawn(number: float) -> None:
    """The extreme random numbers draw no token whose likelihood is zero."""
    rng: Any = Always(number)
    assert draw(np.array([-1e4, 0.0, 0.0, -1e4]), SampleConfig(temperature=1.0), rng) in {1, 2}


@pytest.mark.parametrize(
    "changes", [{}, {"top_k": 5}, {"top_p": 0.999}, {"min_p": 1e-9}, {"temperature": 1e-300}]
)
@pytest.mark.parametrize("number", [0.0, math.nextafter(1.0, 0.0)])
def test_a_token_of_minus_infinity_is_never_drawn(number: float, changes: dict[str, float]) -> None:
    """A logit of -infinity, that of a token which cannot follow, is left out at every setting."""
    config = SampleConfig.model_validate({"temperature": 1.0, **changes})
    rng: Any = Always(number)
    logits = np.array([-np.inf, 3.0, -np.inf, 3.0, -np.inf], np.float32)
    assert draw(logits, config, rng) in {1, 3}


def test_the_likeliest_is_drawn_beside_minus_infinity() -> None:
    """At temperature 0 a logit of -infinity does not matter."""
    rng: Any = Always(0.5)
    assert draw(np.array([-np.inf, -50.0, -60.0]), SampleConfig(temperature=0.0), rng) == 1


# ---- the filters against plain numpy


def plainly_typical(p: np.ndarray, share: float) -> set[int]:
    """Return the tokens of the locally typical set, as the paper defines it."""
    kept, total = set[int](), 0.0
    entropy = -sum(one * math.log(one) for one in p if one > 0)
    possible = [k for k in range(len(p)) if p[k] > 0]
    for token in sorted(possible, key=lambda k: abs(-math.log(p[k]) - entropy)):
        kept.add(token)
        total += p[token]
        if total >= share:
            break
    return kept


def plainly_min_p(p: np.ndarray, share: float) -> set[int]:
    """Return the tokens that are at least `share` times as likely as the likeliest."""
    return set(np.flatnonzero(p >= share * p.max()).tolist())


@settings(max_examples=60)
@given(
    logits=st.lists(st.floats(-6, 6), min_size=2, max_size=7, unique=True).map(np.array),
    share=st.floats(0.05, 0.95),
    temperature=st.sampled_from([0.5, 1.0, 2.0]),
)
@pytest.mark.parametrize(("name", "plain"), [("typical", plainly_typical), ("min_p", plainly_min_p)])
def test_a_filter_keeps_what_plain_numpy_keeps(
    name: str,
    plain: Callable[[np.ndarray, float], set[int]],
    *,
    logits: np.ndarray,
    share: float,
    temperature: float,
) -> None:
    """Typical and min p, at the temperature in force; nearly equal surprisals may go either way."""
    p = np.exp(logits / temperature)
    p /= p.sum()
    kept = 7 * p
    filter_(kept, SampleConfig.model_validate({name: share}))
    assert set(kept) <= {0.0, *(7 * p)}
    entropy = -(p * np.log(p)).sum()
    distances = [
        sorted(abs(-math.log(p[k]) - entropy) for k in tokens)
        for tokens in (np.flatnonzero(kept), *(plain(p, share * (1 + e)) for e in (0, -1e-9, 1e-9)))
    ]
    assert any(distances[0] == pytest.approx(one, abs=1e-9) for one in distances[1:])


def test_typical_drops_a_likeliest_token_that_says_too_little() -> None:
    """Of 0.5, 0.3, 0.15, 0.05 the surprisal of 0.3 is nearest to the entropy of 1.14 nats."""
    assert drawn(SHARES, typical=0.2) == {3}
    assert drawn(SHARES, typical=0.4) == {1, 3}


def test_typical_leaves_out_the_impossible() -> None:
    """A logit of -infinity is no surprise at all: it is never drawn."""
    logits = np.array([-np.inf, 0.0, -np.inf, 0.0])
    assert drawn(logits, typical=0.99) == {1, 3}


def test_min_p_is_a_share_of_the_likeliest() -> None:
    """Of 0.5, 0.3, 0.15, 0.05 half as likely as the likeliest is 0.25."""
    assert drawn(SHARES, min_p=0.5) == {1, 3}
    assert drawn(SHARES, min_p=0.2) == {0, 1, 3}
    assert drawn(SHARES, min_p=1.0) == {1}


@pytest.mark.parametrize(
    ("changes", "tokens"),
    [
        ({"top_k": 3, "typical": 0.5}, {1, 3}),
        ({"typical": 0.2, "top_p": 0.01}, {3}),
        ({"typical": 0.4, "min_p": 0.9}, {1}),
        ({"top_k": 2, "typical": 0.3, "top_p": 0.9, "min_p": 0.1}, {1}),
    ],
)
def test_the_filters_follow_each_other(changes: dict[str, float], tokens: set[int]) -> None:
    """Each filter sees what those before it left: top k, typical, top p, min p."""
    assert drawn(SHARES, **changes) == tokens


def test_the_order_of_the_filters() -> None:
    """The registry is the order that the manual states."""
    assert list(FILTERS) == ["top_k", "typical", "top_p", "min_p"]


# ---- a temperature that changes


def test_the_temperature_changes_evenly() -> None:
    """It is the first one at the first character and the last one at the last."""
    config = SampleConfig(temperature=2.0, temperature_end=0.5, length=4)
    assert [temperature_at(config, k) for k in range(4)] == [2.0, 1.5, 1.0, 0.5]
    assert temperature_at(config, 9) == 0.5


@pytest.mark.parametrize("changes", [{}, {"temperature_end": 0.1, "length": 1}, {"temperature_end": -1.0}])
def test_without_an_end_the_temperature_stays(changes: dict[str, float]) -> None:
    """A text of one character has its first temperature only."""
    config = SampleConfig.model_validate({"temperature": 0.7, **changes})
    assert [temperature_at(config, k) for k in (0, 1, 400)] == [0.7] * 3


def test_a_text_that_ends_cold_takes_the_likeliest() -> None:
    """At the last character the temperature in force is the last one."""
    config, rng = SampleConfig(temperature=1e6, temperature_end=0.0, length=11), np.random.default_rng(0)
    logits = np.array([0.0, 1.0, 2.0])
    assert {draw(logits, config, rng, 10) for _ in range(20)} == {2}
    assert {draw(logits, config, rng, 0) for _ in range(99)} == {0, 1, 2}
