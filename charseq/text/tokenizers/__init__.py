"""What a token is: one file for each answer."""

__all__: list[str] = []
