"""The codec of a training text."""

from charseq.config import DataConfig
from charseq.text.fitting import codec_of
from charseq.text.symbols import EncodedText


def test_the_codec_has_the_characters_of_the_training_text() -> None:
    """Its vocabulary is that of the text, its documents those of the settings."""
    codec = codec_of(DataConfig(unit="document", separator="%"), EncodedText.of("abca"))
    assert (codec.tokenizer.vocab, codec.unit, codec.separator) == (("a", "b", "c"), "document", "%")
