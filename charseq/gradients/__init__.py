"""The gradient of a window, and where it comes from."""

__all__: list[str] = []
