"""charseq: character-level language models on an ordinary computer."""

__version__ = "0.1.0"
