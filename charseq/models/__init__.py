"""The contract of a language model, and the kinds of models: networks, and models that count."""

from charseq.models.contract import (
    LanguageModel,
    Readout,
    ReadoutModel,
    TextsReader,
    TokenReader,
    TrainableModel,
    TrainingWorkspace,
    has_hidden,
    has_readout,
)
from charseq.models.kind import ModelKind
from charseq.models.ngram import NGram, fit_ngram
from charseq.models.ngram_counting import Counting
from charseq.registry import MODELS

__all__ = [
    "MODELS",
    "Counting",
    "LanguageModel",
    "ModelKind",
    "NGram",
    "Readout",
    "ReadoutModel",
    "TextsReader",
    "TokenReader",
    "TrainableModel",
    "TrainingWorkspace",
    "fit_ngram",
    "has_hidden",
    "has_readout",
]
