"""The numbers of a run in progress: epochs as they are counted, and what a file may say of them."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from charseq.training.progress import Progress


@pytest.mark.parametrize(
    ("epoch", "window", "number"),
    [(0, 0, 0), (0, 1, 1), (0, 3, 1), (1, 0, 1), (1, 1, 2), (7, 0, 7), (7, 2, 8)],
)
def test_the_number_of_an_epoch(epoch: int, window: int, number: int) -> None:
    """Epochs count from 1, by the last window; before the first window there is none."""
    assert Progress(epoch=epoch, window=window).epoch_number == number


@pytest.mark.parametrize("num_chars", [0, 12, 12.0, 12.5])
def test_characters_are_whole_or_weighted(num_chars: float) -> None:
    """A number of characters stays what it was: whole as a count, or the sum of weights."""
    progress = TypeAdapter(Progress).validate_python({"train_chars": num_chars})
    assert (type(progress.train_chars), progress.train_chars) == (type(num_chars), num_chars)


@pytest.mark.parametrize("num_chars", [-1, -0.5, 1 << 62, float(1 << 62), float("nan"), float("inf"), "many"])
def test_a_number_of_characters_that_cannot_be_is_refused(num_chars: Any) -> None:
    """Negative, enormous or no number: that is not how many characters were learnt from."""
    with pytest.raises(ValidationError, match="train_chars"):
        TypeAdapter(Progress).validate_python({"train_chars": num_chars})
