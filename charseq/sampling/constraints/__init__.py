"""Constraints on what is written: one module for each, and the base class of all."""

__all__: list[str] = []
