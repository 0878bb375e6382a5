"""What a language model is, and its kinds beside the network: models that count."""

from charseq.models.ngram import NGram

__all__ = ["NGram"]
