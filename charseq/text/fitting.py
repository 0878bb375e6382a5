"""The codec that is made for a training text."""

from charseq.config import DataConfig
from charseq.errors import ConfigError
from charseq.text import TOKENIZERS
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText


def codec_of(config: DataConfig, train: EncodedText) -> Codec:
    """Return the codec with the vocabulary of a training part. Raises ConfigError if there is none."""
    try:
        tokenizer = TOKENIZERS[config.tokenizer].fit_counts(train.counts(), min_count=config.min_count)
    except ValueError as error:
        raise ConfigError(f"data.min_count = {config.min_count}: {error}") from None
    return Codec.of(tokenizer, config)
