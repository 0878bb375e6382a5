"""A run on disk: its directory, its files, how it goes on."""

__all__: list[str] = []
