"""Output for people: tables, plots, charts, heat maps and pages."""

__all__: list[str] = []
