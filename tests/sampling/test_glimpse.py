"""A short text of a model in training."""

from charseq.config import ModelConfig
from charseq.network import CharModel
from charseq.sampling import glimpse
from charseq.text import CharTokenizer
from charseq.text.codec import Codec

CODEC = Codec(CharTokenizer.fit("\nab"), "line")


def test_a_glimpse_depends_on_its_seed_alone() -> None:
    """It has its length, goes on after the end of a line, and is drawn anew for another seed."""
    model = CharModel(ModelConfig(cell="gru", hidden_size=4), CODEC.vocab_size)
    text = glimpse(model, CODEC, seed=[1, 2, 3])
    assert len(text) == 160
    assert "\n" in text.rstrip("\n")
    assert glimpse(model, CODEC, seed=[1, 2, 3]) == text != glimpse(model, CODEC, seed=[1, 2, 4])
    assert len(glimpse(model, CODEC, seed=[1], length=7)) == 7


def test_a_glimpse_of_targets_shows_a_source_with_its_answer() -> None:
    """What follows the separator in the source is replaced, up to the end of the line."""
    codec = Codec(CharTokenizer.fit("\nab="), "line", target_after="=")
    model = CharModel(ModelConfig(cell="gru", hidden_size=4), codec.vocab_size)
    text = glimpse(model, codec, seed=[1], source="ab=bbbb")
    assert text.startswith("ab=")
    assert "\n" not in text
