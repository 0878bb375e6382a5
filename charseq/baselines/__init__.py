"""The models that a network has to beat: n-grams, of which order 0 is uniform and order 1 counts letters."""

from charseq.baselines.ngram import NGram

__all__ = ["NGram"]
