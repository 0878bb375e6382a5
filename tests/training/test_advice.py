"""Texts that are too small for a model."""

import pytest

from charseq.training.advice import is_too_small


@pytest.mark.parametrize(
    ("num_chars", "num_parameters", "small"),
    [
        (16, 2000, True),
        (8000, 24_001, True),
        (8000, 24_000, False),
        (72_000, 257_000, True),
        (99_999, 300_000, True),
        (100_000, 10_000_000, False),
    ],
)
def test_a_text_is_too_small_for_three_parameters_per_character(
    num_chars: int, num_parameters: int, *, small: bool
) -> None:
    """More than three are too many, in a text of fewer than 100,000 characters."""
    assert is_too_small(num_chars, num_parameters) is small
