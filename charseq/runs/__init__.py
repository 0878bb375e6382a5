"""Runs on disk: directories, model files, training, and continuing after an interruption."""

__all__: list[str] = []
