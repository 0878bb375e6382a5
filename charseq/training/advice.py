"""A check before training: whether the text is too small for its model."""

SMALL_CHARS = 100_000
"""A text with at least this many characters is never called too small; validation shows it."""
PARAMETERS_PER_CHAR = 3
"""The most parameters per character of text; with more, the text is too small."""


def is_too_small(num_chars: int, num_parameters: int) -> bool:
    """Return whether a model of `num_parameters` would learn a text of `num_chars` characters by heart.

    That is measured, see performance.md: at this border the best validation comes after 200 to 400 steps.
    """
    return num_chars < SMALL_CHARS and num_parameters > PARAMETERS_PER_CHAR * num_chars
