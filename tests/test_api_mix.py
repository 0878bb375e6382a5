"""Mixtures from Python: they are made by one call, and are models like others."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charseq
from tests.blend import Blend

TEXT = "The king was here.\n"


@pytest.fixture
def both(blend: Blend) -> charseq.Model:
    """Return a mixture of a network and n-grams."""
    return charseq.load(blend.both)


@pytest.fixture(autouse=True)
def _elsewhere(clean_surroundings: None) -> None:
    """Stand in an empty directory."""


def test_models_and_paths_are_mixed_to_the_same_model(blend: Blend, both: charseq.Model) -> None:
    """Loaded or not; the model that is returned is the one in the file."""
    made = charseq.mix([charseq.load(blend.gru), Path(blend.ngram)], output=Path("m"))
    assert (made.name, made.description) == ("m", "gru 1 x 8 + ngram:3")
    assert made.score(TEXT) == both.score(TEXT) == charseq.load("m").score(TEXT)


def test_the_call_is_recorded(blend: Blend) -> None:
    """As it can be read again."""
    made = charseq.mix([blend.gru, blend.ngram], rule="linear")
    assert made.name == "runs/tales-mixture"
    command = f"charseq.mix(['{blend.gru}', '{blend.ngram}'], rule='linear')"
    assert made.checkpoint.provenance.command == command


def test_nothing_is_printed(blend: Blend, capsys: pytest.CaptureFixture[str]) -> None:
    """As everywhere in Python."""
    charseq.mix([blend.gru, blend.ngram])
    assert tuple(capsys.readouterr()) == ("", "")


def test_it_says_what_it_is(both: charseq.Model) -> None:
    """Its members, in one line."""
    assert repr(both).startswith(f"<charseq.Model {both.name}: gru 1 x 8 + ngram:3, vocabulary of ")
    assert repr(both.checkpoint).startswith("<Checkpoint: gru 1 x 8 + ngram:3, vocabulary of ")


def test_next_and_score_agree(both: charseq.Model) -> None:
    """One character read token by token has the price that it has in a text."""
    price = both.surprisal("The").bits[2]
    assert both.next("Th", "e").bits == pytest.approx(price, abs=1e-5)


def test_it_writes_what_the_seed_decides(both: charseq.Model) -> None:
    """The same text each time."""
    assert both.sample("The ", length=30, seed=3) == both.sample("The ", length=30, seed=3)


def test_network_and_states_are_those_of_its_network(blend: Blend, both: charseq.Model) -> None:
    """As if the member had been asked."""
    gru = charseq.load(blend.gru)
    np.testing.assert_array_equal(both.network.params.flat, gru.network.params.flat)
    np.testing.assert_array_equal(both.states(TEXT).hidden, gru.states(TEXT).hidden)


def test_training_goes_on_from_its_network(both: charseq.Model, blend: Blend) -> None:
    """With its sizes."""
    more: dict[str, Any] = {"max_steps": 1, "threads": 1, "backend": "numpy"}
    assert charseq.train(blend.text, init_from=both, output="on", **more).description == "gru 1 x 8"


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda both: charseq.mix([both]), "mix takes two models or more, in one list; got 1"),
        (lambda both: charseq.mix(both), "mix takes two models or more, in one list; got 1"),
        (lambda both: charseq.mix(5), "models: must be a list of models and of paths to models; got 5"),
        (
            lambda both: charseq.mix([both, 5]),
            "models: must be a list of models and of paths to models; got 5",
        ),
        (
            lambda both: charseq.mix([both, both], rule="log_linear"),
            "rule: must be one of log-linear, linear; got 'log_linear' (did you mean 'log-linear'?)",
        ),
        (
            lambda both: charseq.mix([both, both], output=5),
            "output: must be a path, a string or a Path object; got 5",
        ),
        (
            lambda both: charseq.mix([both, "nowhere"]),
            "nowhere: no such model; give a run directory or a .safetensors file",
        ),
    ],
)
def test_a_wrong_request_is_an_error_of_one_sentence(ask: Any, message: str, both: charseq.Model) -> None:
    """It names the argument, and nothing is written."""
    with pytest.raises(charseq.CharseqError) as caught:
        ask(both)
    assert str(caught.value) == message
    assert not Path("runs").exists()
