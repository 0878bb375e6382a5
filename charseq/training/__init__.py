"""The training loop, as a generator of events."""

__all__: list[str] = []
