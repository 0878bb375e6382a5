"""Scoring: the surprisal of each character of a text, its sum, and the prediction of the next character."""

from charseq.scoring.predictor import Guess, Prediction, Predictor
from charseq.scoring.score import Score, bits
from charseq.scoring.scorer import Scorer
from charseq.scoring.surprisal import Expectations, Surprisal
from charseq.scoring.validator import Validator

__all__ = [
    "Expectations",
    "Guess",
    "Prediction",
    "Predictor",
    "Score",
    "Scorer",
    "Surprisal",
    "Validator",
    "bits",
]
