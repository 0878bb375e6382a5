"""What models have in common: names that differ, and the same test part."""

from dataclasses import replace

import pytest

from charseq.analysis.shared import distinct_names, shared_test_part
from charseq.errors import ConfigError
from tests.analysis.builders import checkpoint_of


def test_a_model_that_is_given_again_gets_a_number() -> None:
    """Names are distinct, as given."""
    assert distinct_names(["a", "b", "a", "a"]) == ["a", "b", "a (2)", "a (3)"]


def test_models_of_different_corpora_have_no_test_part_in_common() -> None:
    """The message names both models, and what to do."""
    other = checkpoint_of()
    other.provenance = replace(other.provenance, sha256="another")
    with pytest.raises(
        ConfigError, match=r"^m and n have no test part in common, by corpus and split: name a text$"
    ):
        shared_test_part({"m": checkpoint_of(), "n": other})


def test_models_that_held_out_other_blocks_have_no_test_part_in_common() -> None:
    """The ends of the parts are equal, the parts are not."""
    one, other = checkpoint_of(), checkpoint_of()
    for seed, checkpoint in enumerate((one, other)):
        data = checkpoint.settings.data.model_copy(update={"split": "blocks", "split_seed": seed})
        checkpoint.settings = checkpoint.settings.model_copy(update={"data": data})
    with pytest.raises(ConfigError, match="no test part in common"):
        shared_test_part({"m": one, "n": other})
