"""Sampling: text from a model, one character at a time."""

from charseq.sampling.draft import SampledText
from charseq.sampling.glimpse import glimpse
from charseq.sampling.order import Order
from charseq.sampling.sampler import sample, sampled, texts
from charseq.sampling.start import Start

__all__ = ["Order", "SampledText", "Start", "glimpse", "sample", "sampled", "texts"]
