"""Reading of text, encoding as tokens, and cutting into windows for training."""

from charseq.registry import TOKENIZERS
from charseq.text.tokenizers.char import CharTokenizer
from charseq.text.tokenizers.tokenizer import UNSEEN, Tokenizer

__all__ = ["TOKENIZERS", "UNSEEN", "CharTokenizer", "Tokenizer"]
