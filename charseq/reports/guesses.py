"""Guesses with their probabilities, as a field of a row and as a cell of a table."""

from collections.abc import Sequence

from charseq.reports.column import Row
from charseq.reports.display.visible import visible
from charseq.scoring import Guess


def guess_rows(guesses: Sequence[Guess]) -> list[Row]:
    """Return guesses as the value of a field."""
    return [{"char": guess.char, "probability": guess.probability} for guess in guesses]


def guesses_text(guesses: Sequence[Row]) -> str:
    """Return guesses as a cell, such as "o=0.997 e=0.001"."""
    return " ".join(f"{visible(guess['char'])}={guess['probability']:.3f}" for guess in guesses)
