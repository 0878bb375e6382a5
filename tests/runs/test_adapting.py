"""Models set up to adapt: their members and rates, and what a rate of one's own changes."""

import math
from pathlib import Path

import numpy as np
import pytest

from charseq.adaptation import Rates
from charseq.adaptation.adaptive import CACHE_WEIGHT, MAX_RATE, RATE
from charseq.config import ModelConfig, Settings
from charseq.errors import ConfigError
from charseq.runs.adapting import adapting, usual_rates
from charseq.runs.checkpoint import Checkpoint, Provenance
from tests.adaptation.builders import codec_of, config_of, model_of, ngrams

NOWHERE = Provenance((), "", 0, 0, 0, 0, "", "", "", "")
CHOSEN = Rates(rates=(0.2, 0.3), scales=({"projection.V": 2.0}, {}), weights=(0.5, 0.4, 0.2))


def checkpoint(kind: str, rates: Rates | None = None) -> Checkpoint:
    config = {"gru": config_of(), "ngram": ModelConfig(kind="ngram", order=3)}.get(
        kind, ModelConfig(kind="mixture")
    )
    settings = Settings().model_copy(update={"model": config})
    return Checkpoint(model_of(kind), codec_of(), settings, NOWHERE, rates=rates)


def test_the_members_are_those_of_a_mixture_or_the_model_itself() -> None:
    """Each with its own settings."""
    alone, both = checkpoint("ngram").parts, checkpoint("mixture").parts
    assert [(config.order, model) for config, model in alone] == [(3, ngrams("stream"))]
    assert [config.kind for config, _ in both] == ["recurrent", "ngram"]


def test_a_member_has_not_the_rates_of_the_mixture() -> None:
    """They are those of several models; a model that is its only member keeps its own."""
    for member in adapting(checkpoint("mixture", CHOSEN)).members:
        assert (member.rates, member.adaptive) == (None, None)
        assert adapting(member).adaptive is not None
    own = Rates(rates=(0.2,), scales=({},), weights=(0.5, 0.2))
    assert [member.rates for member in checkpoint("gru", own).members] == [own]


def test_without_chosen_rates_there_are_usual_ones() -> None:
    """The weights are those of the mixture, or 1, and a small one for the cache."""
    for kind, weights in (("gru", (1.0,)), ("mixture", (0.5, 0.6))):
        model = checkpoint(kind)
        rates = usual_rates(model.model)
        assert rates.weights == (*weights, CACHE_WEIGHT)
        assert rates.rates == (RATE,) * len(weights)
        adaptive = adapting(model).adaptive
        assert adaptive is not None
        assert adaptive.rates == rates


def test_the_chosen_rates_are_taken() -> None:
    """As they are in the file, unless another rate is given: then the networks have that one."""
    model = checkpoint("mixture", CHOSEN)
    adaptive, other = adapting(model).adaptive, adapting(model, 0.7).adaptive
    assert adaptive is not None
    assert other is not None
    assert adaptive.rates == CHOSEN
    assert other.rates == CHOSEN.model_copy(update={"rates": (0.7, 0.7)})


def test_the_model_that_reads_is_the_adaptive_one() -> None:
    """The other one is the static model; a model that does not adapt has none beside it."""
    model = checkpoint("gru")
    assert (model.reading_model, model.static_model) == (model.model, None)
    adapted = adapting(model)
    assert adapted.reading_model is adapted.adaptive
    assert adapted.static_model is model.model
    assert model.adaptive is None


def test_rates_survive_a_file(tmp_path: Path) -> None:
    """To the last bit; that a model shall adapt is not in the file."""
    adapting(
        checkpoint("gru", Rates(rates=(0.1,), scales=({"projection.c": 1 / 3},), weights=(1.0, 0.1)))
    ).save(tmp_path / "m.safetensors")
    loaded = Checkpoint.load(tmp_path / "m.safetensors")
    assert loaded.rates == Rates(rates=(0.1,), scales=({"projection.c": 1 / 3},), weights=(1.0, 0.1))
    assert loaded.adaptive is None


@pytest.mark.parametrize("rate", [-1e-9, math.nan, math.inf, 2 * MAX_RATE])
def test_a_rate_out_of_range_is_refused(rate: float) -> None:
    """In a sentence."""
    with pytest.raises(ConfigError, match="a rate for adapting is a number from 0 to 1,000,000, not "):
        adapting(checkpoint("gru"), rate)


def test_the_largest_rate_is_taken() -> None:
    """The bound itself is allowed."""
    adaptive = adapting(checkpoint("gru"), MAX_RATE).adaptive
    assert adaptive is not None
    state = adaptive.initial_state(1)
    assert np.isfinite(adaptive.forward(np.zeros((90, 1), np.int32), state)).all()
