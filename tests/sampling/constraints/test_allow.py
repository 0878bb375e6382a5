"""No characters but some."""

import pytest

from charseq.errors import ConfigError
from charseq.sampling.constraints.allow import Allow
from charseq.sampling.constraints.constraint import Knowledge
from charseq.sampling.start import no_training_text
from charseq.text.codec import Codec
from charseq.text.form import TextForm
from tests.scoring.twins import TOKENIZER


def test_the_allowed_are_read_in_the_form_of_the_model() -> None:
    """A model of lower case is asked for lower case."""
    codec = Codec(TOKENIZER, "line", form=TextForm(lowercase=True))
    chars = Allow.of("HE", Knowledge(codec, no_training_text)).chars(None, 3)
    assert [char for char in "HEhel" if char in chars] == ["h", "e"]


def test_characters_that_the_model_does_not_know_are_refused() -> None:
    """At least one of them must be in the vocabulary."""
    knowledge = Knowledge(Codec(TOKENIZER, "line"), no_training_text)
    with pytest.raises(
        ConfigError, match=r"^sample.allow = 'Q가': the model knows none of these characters$"
    ):
        Allow.of("Q가", knowledge)
    Allow.of("Q가h", knowledge)
