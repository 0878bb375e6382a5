"""How probable a text is: prices of characters, sums of prices, the next character."""

__all__: list[str] = []
