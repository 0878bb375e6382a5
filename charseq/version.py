"""The version of this program; it is written nowhere else."""

__version__ = "0.2.0"
