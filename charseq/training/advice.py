"""Advice before training: a text that is too small for its model."""

SMALL_CHARS = 20_000
"""A text of at least so many characters is never called too small: its validation tells."""
PARAMETERS_PER_CHAR = 10
"""The parameters for each character that a model may have before its text is too small for it."""


def is_too_small(num_chars: int, num_parameters: int) -> bool:
    """Return whether a model with so many parameters will learn a text of `num_chars` characters by heart."""
    return num_chars < SMALL_CHARS and num_parameters > PARAMETERS_PER_CHAR * num_chars
