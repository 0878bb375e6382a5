"""The training loop as a generator of events, with the limits and the progress of a run."""

__all__: list[str] = []
