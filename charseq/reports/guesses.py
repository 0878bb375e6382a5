"""Guesses, with their probabilities, as a field and as a cell."""

from collections.abc import Sequence

from charseq.reports.column import Row
from charseq.reports.display.visible import visible
from charseq.scoring import Guess


def guess_rows(guesses: Sequence[Guess]) -> list[Row]:
    """Return guesses for programs."""
    return [{"char": guess.char, "probability": guess.probability} for guess in guesses]


def guesses_text(guesses: Sequence[Row]) -> str:
    """Return guesses for people."""
    return " ".join(f"{visible(guess['char'])}={guess['probability']:.3f}" for guess in guesses)
