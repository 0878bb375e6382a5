"""Letters to integers to windows."""

from charseq.text.tokenizers.char import CharTokenizer
from charseq.text.tokenizers.tokenizer import UNSEEN, Tokenizer

TOKENIZERS: dict[str, type[Tokenizer]] = {tokenizer.name: tokenizer for tokenizer in (CharTokenizer,)}
"""Every tokenizer by its name in the settings."""

__all__ = ["TOKENIZERS", "UNSEEN", "CharTokenizer", "Tokenizer"]
