"""The codec that is made for a training text."""

from charseq.config import DataConfig
from charseq.text import TOKENIZERS
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText


def codec_of(config: DataConfig, train: EncodedText) -> Codec:
    """Return the codec with the vocabulary of a training part."""
    tokenizer = TOKENIZERS[config.tokenizer].fit_counts(train.counts())
    return Codec.of(tokenizer, config)
