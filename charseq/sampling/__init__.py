"""Text from a model, one character at a time."""

__all__: list[str] = []
