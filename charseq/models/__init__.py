"""What a language model is, and the kinds of them: networks, and models that count."""

from charseq.models.contract import LanguageModel, TokenReader
from charseq.models.kind import ModelKind
from charseq.models.ngram import NGram, fit_ngram
from charseq.registry import MODELS

__all__ = ["MODELS", "LanguageModel", "ModelKind", "NGram", "TokenReader", "fit_ngram"]
