"""The state of a reader as arrays, for a file."""

from collections.abc import Mapping
from typing import Any, Protocol, cast

from charseq.arrays import FloatArray
from charseq.errors import ConfigError
from charseq.models.contract import TokenReader


class Packer(Protocol):
    """A reader whose `save` can go into a file."""

    def pack(self, saved: Any) -> dict[str, FloatArray]:
        """Return as arrays by name what `save` returned."""

    def unpack(self, arrays: Mapping[str, Any]) -> Any:
        """Return what `pack` was given. Raises ValueError if the arrays of a file cannot be that."""


def packer(reader: TokenReader) -> Packer:
    """Return the reader itself. Raises ConfigError if a reader of its kind has no such methods."""
    if not hasattr(reader, "pack"):
        raise ConfigError("the state of this kind of model cannot be saved")
    return cast(Packer, reader)
