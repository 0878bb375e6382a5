"""Advice for a text that is too small for its model: a check before training, and what to do."""

SMALL_CHARS = 20_000
"""A text with at least this many characters is never called too small; validation shows it."""
PARAMETERS_PER_CHAR = 10
"""The most parameters per character of text; with more, the text is too small."""

WAYS_OUT = "try --dropout 0.5, a smaller --hidden-size, or --ngram 5"
"""What to do, to go on a sentence that says why."""


def is_too_small(num_chars: int, num_parameters: int) -> bool:
    """Return whether a model of `num_parameters` would learn a text of `num_chars` characters by heart."""
    return num_chars < SMALL_CHARS and num_parameters > PARAMETERS_PER_CHAR * num_chars
