"""Texts that are too small for a model."""

import pytest

from charseq.training.advice import is_too_small


@pytest.mark.parametrize(
    ("num_chars", "num_parameters", "small"),
    [(16, 2000, True), (8000, 300_000, True), (8000, 30_000, False), (500_000, 10_000_000, False)],
)
def test_too_small(num_chars: int, num_parameters: int, *, small: bool) -> None:
    """Few characters are too few only for many parameters."""
    assert is_too_small(num_chars, num_parameters) is small
