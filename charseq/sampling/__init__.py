"""Sampling: text from a model, one character at a time."""

from charseq.sampling.glimpse import glimpse
from charseq.sampling.sampler import sample, sample_many, texts

__all__ = ["glimpse", "sample", "sample_many", "texts"]
