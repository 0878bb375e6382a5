"""The gradient of a window: the training step, its targets and losses, and the sources that compute it."""

from charseq.gradients.losses import Loss, SoftmaxLoss
from charseq.gradients.plan import Plan
from charseq.gradients.source import GradientSource, SourceFactory
from charseq.gradients.step import Job
from charseq.registry import LOSSES, SOURCES, TARGETS

__all__ = [
    "LOSSES",
    "SOURCES",
    "TARGETS",
    "GradientSource",
    "Job",
    "Loss",
    "Plan",
    "SoftmaxLoss",
    "SourceFactory",
]
