"""Adaptation: models that learn from the text that they score, after they have been scored on it."""

from charseq.adaptation.adaptive import AdaptiveModel, AdaptiveReader, Rates

__all__ = ["AdaptiveModel", "AdaptiveReader", "Rates"]
