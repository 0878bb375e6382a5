"""The kind of recurrent networks: how it describes them."""

import pytest

from charseq.config import ModelConfig
from charseq.models import MODELS
from charseq.network import CharModel


@pytest.mark.parametrize(
    ("config", "facts"),
    [
        (ModelConfig(hidden_size=5), "gru, 1 layer of 5, one-hot"),
        (
            ModelConfig(hidden_size=5, embedding_size=3, rms_norm=True),
            "gru, 1 layer of 5, embedding of 3, W h(t-1) normalised",
        ),
    ],
)
def test_the_facts_of_a_network(config: ModelConfig, facts: str) -> None:
    """The cell and the sizes stand first, and that products are normalised where they are."""
    assert dict(MODELS["recurrent"].facts(config, CharModel(config, 7)))["cell"] == facts
