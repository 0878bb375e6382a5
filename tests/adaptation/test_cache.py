"""The cache: n-grams of the text that is read, and going back in it."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from charseq.adaptation import cache as cache_module
from charseq.adaptation.cache import MAX_BACK, ORDER, Cache
from charseq.arrays import BoolArray, FloatArray, TokenArray
from tests.adaptation.builders import V, resets_of, tokens_of
from tests.builders import assert_close

TOKENS, RESETS = tokens_of(150), resets_of(150)


def twin(tokens: Sequence[int], resets: Sequence[bool]) -> Iterator[list[float]]:
    """Yield p (V,) after each token, by the formula of Witten and Bell, from the whole text before it.

    An occurrence of (c, w) is a place in one sequence: after a reset, the token there begins a new one. It
    ends the old one, too: it was the target of the token before it.
    """
    runs: list[list[int]] = [[]]  # what an n-gram may reach over: no reset and no unknown token inside
    for token, reset in zip(tokens, resets, strict=True):
        if token < 0:
            runs.append([])
        else:
            runs[-1].append(token)
            if reset:
                runs.append([token, -2])  # the first token is there as a context, and is not counted twice
        yield p_after(runs)


def p_after(runs: list[list[int]]) -> list[float]:
    """Return p (V,) of the next token, interpolated from p_0 up to the longest context that was read."""
    last = [token for token in runs[-1] if token != -2]
    p = [1 / V] * V
    for length in range(min(ORDER, len(last) + 1)):
        context = last[len(last) - length :]
        counts = [0] * V
        for run in runs:
            plain = [token for token in run if token != -2]
            for place in range(length, len(plain)):
                is_copy = len(run) > 1 and run[1] == -2 and place == 0
                if plain[place - length : place] == context and not is_copy:
                    counts[plain[place]] += 1
        total, types = sum(counts), sum(count > 0 for count in counts)
        if total:
            p = [(count + types * q) / (total + types) for count, q in zip(counts, p, strict=True)]
    return p


def read(cache: Cache, tokens: TokenArray, resets: BoolArray | None = None) -> FloatArray:
    return np.exp(cache.predict(tokens, resets))


@pytest.mark.parametrize("resets", [None, RESETS], ids=["stream", "lines"])
def test_probabilities_are_those_of_the_formula(resets: BoolArray | None) -> None:
    """Each distribution is that of a slow twin, which counts the whole text before it anew."""
    marks = [False] * len(TOKENS) if resets is None else resets.tolist()
    assert_close(read(Cache(V), TOKENS, resets), list(twin(TOKENS.tolist(), marks)))


def test_probabilities_sum_to_one() -> None:
    """At every place, unknown tokens and resets among them."""
    assert_close(read(Cache(V), TOKENS, RESETS).sum(axis=1), np.ones(len(TOKENS)))


def test_the_cut_into_windows_changes_no_bit() -> None:
    """A text that is read token by token has the same probabilities as the text in one go."""
    whole, one_by_one = read(Cache(V), TOKENS, RESETS), Cache(V)
    parts = [read(one_by_one, TOKENS[k : k + 1], RESETS[k : k + 1]) for k in range(len(TOKENS))]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_nothing_read_is_uniform() -> None:
    """After the start token of a stream, which is none, all tokens are equally likely."""
    assert_close(read(Cache(V), np.array([-1], np.int32)), np.full((1, V), 1 / V))


def test_what_was_read_once_is_likelier_the_second_time() -> None:
    """A phrase that is repeated is expected to go on as it did."""
    phrase = np.array([3, 1, 4, 1, 5, 9, 2, 6], np.int32)
    p = read(Cache(V), np.tile(phrase, 2))
    first, second = p[: len(phrase) - 1], p[len(phrase) : -1]
    followers = (np.arange(len(phrase) - 1), phrase[1:])
    assert (second[followers] > 0.5).all()
    assert (first[followers] < 0.5).all()


def state_of(cache: Cache) -> dict[str, Any]:
    """Return the whole tree, to compare."""
    return {
        "ids": dict(cache._ids),
        "totals": list(cache._totals),
        "tokens": [list(one) for one in cache._tokens],
        "counts": [list(one) for one in cache._counts],
        "contexts": cache._contexts,
    }


@pytest.mark.parametrize("resets", [None, RESETS], ids=["stream", "lines"])
def test_branches_are_taken_back(resets: BoolArray | None) -> None:
    """After each token, two other continuations are read and left again, one from within the other.

    Then the text goes on as if it had been read alone.
    """
    alone, branched = Cache(V), Cache(V)
    whole, expected = alone.predict(TOKENS, resets), []
    other = tokens_of(12, seed=7)
    for k in range(len(TOKENS)):
        mark = None if resets is None else resets[k : k + 1]
        expected.append(branched.predict(TOKENS[k : k + 1], mark))
        before = branched.save()
        branched.predict(other[:3], None)
        inside = branched.save()
        branched.predict(other[3:7], None)
        there = branched.predict(other[7:8], None)
        branched.restore_(before)
        branched.predict(other[8:], None)
        branched.restore_(inside)
        branched.predict(other[3:7], None)
        np.testing.assert_array_equal(branched.predict(other[7:8], None), there)
        branched.restore_(before)
    np.testing.assert_array_equal(np.concatenate(expected), whole)
    assert state_of(branched) == state_of(alone)


def test_the_beginning_can_be_restored_from_anywhere() -> None:
    """However much was read, the cache becomes that of nothing read."""
    cache, new = Cache(V), Cache(V)
    nothing = cache.save()
    cache.predict(TOKENS, None)
    cache.restore_(nothing)
    assert state_of(cache) == state_of(new)


def test_a_point_is_restored_from_max_back_tokens_further_on() -> None:
    """As many tokens as the bound says can be taken back."""
    cache, alone = Cache(V), Cache(V)
    cache.predict(TOKENS[:100], None)
    saved = cache.save()
    cache.predict(TOKENS[100 : 100 + MAX_BACK], None)
    cache.restore_(saved)
    alone.predict(TOKENS[:100], None)
    assert state_of(cache) == state_of(alone)


def test_no_more_ngrams_are_held_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond it the counts of those that are there still grow, and probabilities still sum to one."""
    monkeypatch.setattr(cache_module, "MAX_NGRAMS", 40)
    cache = Cache(V)
    p = read(cache, np.tile(TOKENS, 3), None)
    assert len(cache._ids) == 40
    assert cache._totals[0] > len(TOKENS)
    assert_close(p.sum(axis=1), np.ones(len(p)))


def test_branches_are_taken_back_at_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where no n-gram can be added any more."""
    monkeypatch.setattr(cache_module, "MAX_NGRAMS", 40)
    cache, alone = Cache(V), Cache(V)
    for k in range(60):
        cache.predict(TOKENS[k : k + 1], None)
        saved = cache.save()
        cache.predict(TOKENS[90:95], None)
        cache.restore_(saved)
    alone.predict(TOKENS[:60], None)
    assert state_of(cache) == state_of(alone)


def test_a_frozen_cache_reads_without_counting() -> None:
    """Its contexts move on, and its counts stay; a saved point is restored there, too."""
    cache = Cache(V)
    cache.predict(TOKENS[:100], None)
    cache.is_learning = False
    saved, before = cache.save(), state_of(cache)
    first = cache.predict(TOKENS[:30], None)
    assert {**state_of(cache), "contexts": ()} == {**before, "contexts": ()}
    assert cache._contexts != before["contexts"]
    cache.restore_(saved)
    assert state_of(cache) == before
    np.testing.assert_array_equal(cache.predict(TOKENS[:30], None), first)
