"""The checks before a run: settings that change, sizes to take over, the memory of the machine."""

from typing import Any

import pytest

from charseq.config import ModelConfig, Settings
from charseq.errors import ConfigError
from charseq.models import MODELS
from charseq.runs.checks import check_changes, check_is_trained, check_memory, shape_of
from tests.runs.test_checkpoint import make_checkpoint, make_ngram_checkpoint


def changed(section: str, **settings: Any) -> Settings:
    return Settings().with_layer({section: settings}, "test")


def test_what_may_change_is_named() -> None:
    """The settings that differ are returned with their sections."""
    assert check_changes(Settings(), Settings()) == []
    assert check_changes(Settings(), changed("train", max_steps=3, threads=1)) == [
        "train.max_steps",
        "train.threads",
    ]


def test_another_run_is_refused() -> None:
    """A setting that makes it another run is refused by name."""
    with pytest.raises(ConfigError, match=r"^model.cell cannot change when a run is resumed; start a new "):
        check_changes(Settings(), changed("model", cell="rnn"))


def test_the_shape_of_a_model_is_its_kind_and_sizes() -> None:
    """The kind of model says which settings these are."""
    checkpoint = make_checkpoint("lstm")
    model = checkpoint.settings.model
    assert shape_of(checkpoint) == {
        "kind": "recurrent",
        "cell": "lstm",
        "hidden_size": model.hidden_size,
        "num_layers": model.num_layers,
        "embedding_size": model.embedding_size,
        "rms_norm": model.rms_norm,
    }
    assert shape_of(make_ngram_checkpoint(3)) == {"kind": "ngram"}


@pytest.mark.parametrize("name", MODELS)
def test_a_shape_is_made_of_settings_that_the_kind_uses(name: str) -> None:
    """A kind lists each setting that gives its sizes among those that it uses."""
    kind = MODELS[name]
    assert set(kind.shape_settings) <= kind.settings.get("model", set()) <= ModelConfig.model_fields.keys()


def test_a_kind_that_counts_is_not_trained() -> None:
    """N-grams are refused by name, networks are not."""
    check_is_trained(Settings())
    with pytest.raises(ConfigError, match=r"^a model of the kind ngram is counted, not trained$"):
        check_is_trained(changed("model", kind="ngram"))


def test_a_model_must_fit_into_the_memory() -> None:
    """Too large a model is refused with its description; a small one is not."""
    check_memory(Settings(), 100)
    with pytest.raises(ConfigError, match=r"^gru 64 x 65536 has [\d,]+ parameters; training them takes "):
        check_memory(changed("model", hidden_size=65536, num_layers=64), 100)
