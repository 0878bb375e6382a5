"""The findings that reports show: groups of characters, errors, differences of models, views inside."""

__all__: list[str] = []
