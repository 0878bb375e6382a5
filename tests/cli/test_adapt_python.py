"""Models that adapt, in Python: the figures of the commands."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charseq
from charseq.errors import ConfigError
from charseq.runs.adapting import adapting
from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Scorer
from tests.cli.conftest import ADAPTING, TALES

pytestmark = pytest.mark.usefixtures("adapting")
TEXT = TALES[9000:10500]
PHRASE = "pof puf pif. "
each_model = pytest.mark.parametrize("model", ADAPTING)


@each_model
def test_python_adapts_as_the_command_does(rows: Any, model: str) -> None:
    """Each call begins with the trained model, whose own figures stay; a rate can be given."""
    loaded = charseq.load(model)
    adaptive = loaded.adaptive()
    (row,) = rows("evaluate", model, "text.txt", "--adapt")
    first = adaptive.score(TEXT).nats_per_char
    assert first == pytest.approx(row["nats_per_char"], rel=1e-9)
    assert adaptive.score(TEXT).nats_per_char == first
    assert loaded.score(TEXT).nats_per_char == pytest.approx(row["static_nats_per_char"], rel=1e-9)
    (with_rate,) = rows("evaluate", model, "text.txt", "--adapt", "--adapt-rate", "0.3")
    assert loaded.adaptive(0.3).score(TEXT).nats_per_char == pytest.approx(
        with_rate["nats_per_char"], rel=1e-9
    )


def test_python_predicts_and_writes_with_what_it_read() -> None:
    """`next` and `sample` of an adaptive model are those of the commands."""
    adaptive = charseq.load("net").adaptive()
    assert adaptive.next(PHRASE * 5 + "pof p").top[0].char == "u"
    text = adaptive.sample(PHRASE * 30 + "pof", length=5, temperature=0.1, seed=1)
    assert text.startswith(" puf")


@pytest.mark.parametrize("rate", [-1, math.nan, math.inf, 1e9, "0.1", True])
def test_python_refuses_rates_that_are_none(rate: Any) -> None:
    """With a sentence that begins with the argument or names the rate."""
    with pytest.raises(ConfigError, match="rate"):
        charseq.load("net").adaptive(rate)


def test_a_network_in_use_keeps_its_weights() -> None:
    """The model from which an adaptive one was made is not changed by it, to the last bit."""
    checkpoint = Checkpoint.load(Path("mixed/model.safetensors"))
    before = checkpoint.network.params.flat.copy()
    adapted = adapting(checkpoint, 1.0)
    Scorer(adapted.reading_model, adapted.codec).score(TEXT)
    np.testing.assert_array_equal(checkpoint.network.params.flat, before)
