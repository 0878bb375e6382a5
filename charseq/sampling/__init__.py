"""Sampling: text from a model, one character at a time."""

from charseq.sampling.sampler import sample, sample_many, texts

__all__ = ["sample", "sample_many", "texts"]
