"""The tokens that are allowed: their weights, and the share that they have."""

import math

import numpy as np
import pytest

from charseq.sampling.constraints.forbid import Forbid
from charseq.sampling.rules import Rules
from charseq.sampling.start import Start
from charseq.sampling.walk import Walk, allowed
from tests.scoring.twins import TOKENIZER, Kind

STREAM = Kind("gru", "stream")
LOGITS = np.log([0.15, 0.5, 0.05, 0.3])


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("refused", [[1], [0, 2], [1, 3]])
def test_the_share_is_that_of_the_allowed(refused: list[int], temperature: float) -> None:
    """At the temperature in force."""
    p = np.exp(LOGITS / temperature)
    kept = [k for k in range(4) if k not in refused]
    found = allowed(LOGITS, np.array(refused), temperature)
    assert found is not None
    assert found.log_share == pytest.approx(math.log(p[kept].sum() / p.sum()))
    assert found.p / found.p.sum() == pytest.approx(np.where(np.isin(range(4), kept), p, 0) / p[kept].sum())


def test_a_share_may_be_smaller_than_any_number() -> None:
    """Its logarithm is exact all the same; without any allowed token there is nothing."""
    found = allowed(np.array([0.0, -5000.0]), np.array([0]), 1.0)
    assert found is not None
    assert (found.p.tolist(), found.log_share) == ([0.0, 1.0], -5000.0)
    assert allowed(np.array([0.0, -np.inf]), np.array([0]), 1.0) is None


@pytest.mark.parametrize("temperature", [1e-300, 5e-324])
def test_at_a_tiny_temperature_only_the_likeliest_has_a_share(temperature: float) -> None:
    """Nothing overflows."""
    likeliest, other = (allowed(LOGITS, np.array(refused), temperature) for refused in ([0], [1]))
    assert likeliest is not None
    assert other is not None
    assert (likeliest.log_share, other.log_share) == (0.0, -math.inf)
    assert other.p.tolist() == [0, 0, 0, 1]


def test_at_temperature_zero_the_likeliest_allowed_is_certain() -> None:
    """It has the whole share."""
    found = allowed(LOGITS, np.array([1]), 0.0)
    assert found is not None
    assert (found.p.tolist(), found.log_share) == ([0, 0, 0, 1], 0.0)


def walk_of(prompt: str, stops: list[str]) -> Walk:
    """Return a walk of at most five characters without "he"."""
    walk = Walk(Start(STREAM.make(), STREAM.codec, prompt), [Rules(Forbid(["he"]), stops)], length=5)
    walk.begin()
    return walk


def test_a_walk_goes_back_to_where_it_was() -> None:
    """Its text, its next input and what is allowed are as they were."""
    walk = walk_of("h", ["k"])
    refused, token = walk.refused(), walk.token
    assert refused is not None
    assert refused.tolist() == [*TOKENIZER.spell("e")]
    saved = walk.save()
    for char in "lk":
        walk.take_(TOKENIZER.spell(char)[0])
    assert (walk.text, walk.stop, walk.has_ended, walk.broken, len(walk.tokens)) == ("l", "k", True, [], 2)
    walk.restore_(saved)
    assert (walk.text, walk.stop, walk.has_ended, walk.token, walk.tokens) == ("", "", False, token, [])
    assert walk.refused() is refused


def test_a_stop_that_begins_in_the_prompt_leaves_an_empty_text() -> None:
    """As it does without constraints."""
    walk = walk_of("ki", ["kin", "in"])
    walk.take_(TOKENIZER.spell("n")[0])
    assert (walk.text, walk.stop) == ("", "kin")
