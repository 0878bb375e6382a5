"""What a report is made of: groups of characters, errors of a figure, differences of models, views inside."""

__all__: list[str] = []
