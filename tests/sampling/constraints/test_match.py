"""Texts that a regular expression matches: its characters are those of the model."""

import pytest

from charseq.errors import ConfigError
from charseq.sampling.constraints.constraint import Knowledge
from charseq.sampling.constraints.match import Match
from charseq.sampling.start import no_training_text
from charseq.text.codec import Codec
from charseq.text.tokenizers.byte import ByteTokenizer
from charseq.text.tokenizers.jamo import JamoTokenizer
from tests.scoring.twins import TOKENIZER


@pytest.mark.parametrize("pattern", ["Q", "[0-9]+", "a\nb", "[^a-zżółć ,\n]"])
def test_an_expression_that_no_text_of_the_model_matches_is_refused(pattern: str) -> None:
    """The end of a line is no character of it."""
    with pytest.raises(ConfigError, match="matches no text of the model's characters"):
        Match.of(pattern, Knowledge(Codec(TOKENIZER, "line"), no_training_text))


def test_the_characters_of_a_model_may_be_all_of_unicode() -> None:
    """A class such as word characters has Hangul in it, for bytes and for jamo."""
    for tokenizer in (ByteTokenizer(), JamoTokenizer.fit("가 a\n")):
        match = Match.of(r"\w{2}", Knowledge(Codec(tokenizer, "line"), no_training_text))
        state = match.after(match.begin("ignored"), "힣")
        assert [char in match.chars(state, 1) for char in "가 "] == [True, False]
        assert not match.may_end(state)
        assert match.may_end(match.after(state, "a"))
