"""The version of this program; its only home."""

__version__ = "0.2.0"
