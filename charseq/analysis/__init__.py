"""The results that reports show: groups of characters, errors, comparisons, views inside a network."""

__all__: list[str] = []
