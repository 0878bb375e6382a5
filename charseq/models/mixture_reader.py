"""Readers of mixtures: all members read the same text, and are combined; see `mixture.py`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from charseq.arrays import FloatArray, IndexArray, TokenArray
from charseq.models.contract import TextsReader, TokenReader
from charseq.models.packing import packer

Combine: TypeAlias = Callable[[Sequence[FloatArray]], FloatArray]
"""A function that returns the logits of a mixture, given those of each member."""


class MixtureReader:
    """Reads one stream with all members, one token at a time."""

    def __init__(self, readers: Sequence[TokenReader], combine: Combine) -> None:
        self._readers, self._combine = readers, combine

    def reset_(self) -> None:
        """Forget all that was read."""
        for reader in self._readers:
            reader.reset_()

    def save(self) -> list[Any]:
        """Return a copy of what has been read, for `restore_`."""
        return [reader.save() for reader in self._readers]

    def restore_(self, saved: list[Any]) -> None:
        """Go back to the state in which `save` was called."""
        for reader, state in zip(self._readers, saved, strict=True):
            reader.restore_(state)

    def pack(self, saved: list[Any]) -> dict[str, FloatArray]:
        """Return as arrays by name what `save` returned, for a file. Raises ConfigError as `packer` does."""
        packed = [packer(reader).pack(state) for reader, state in zip(self._readers, saved, strict=True)]
        return {f"{k}.{name}": array for k, arrays in enumerate(packed) for name, array in arrays.items()}

    def unpack(self, arrays: Mapping[str, Any]) -> list[Any]:
        """Return what `pack` was given. Raises ValueError if the arrays of a file cannot be that."""
        parts: list[dict[str, Any]] = [{} for _ in self._readers]
        for name, array in arrays.items():
            number, _, rest = name.partition(".")
            if number not in map(str, range(len(parts))):
                raise ValueError(f"{name} belongs to no member")
            parts[int(number)][rest] = array
        return [packer(reader).unpack(part) for reader, part in zip(self._readers, parts, strict=True)]

    def read(self, token: int) -> FloatArray:
        """Return the logits (V,) of the token after `token`."""
        return self._combine([reader.read(token) for reader in self._readers])


class MixtureReaders:
    """Reads N texts at once with all members, a token of each at a step."""

    def __init__(self, readers: Sequence[TextsReader], combine: Combine) -> None:
        self._readers, self._combine = readers, combine

    def put_(self, place: int, saved: list[Any]) -> None:
        """Let the text at `place` go on from what a reader of one stream has saved."""
        for reader, state in zip(self._readers, saved, strict=True):
            reader.put_(place, state)

    def read(self, tokens: TokenArray) -> FloatArray:
        """Return the logits (N, V) of the token after each of `tokens` (N,)."""
        return self._combine([reader.read(tokens) for reader in self._readers])

    def save(self) -> list[Any]:
        """Return a copy of what all texts have read."""
        return [reader.save() for reader in self._readers]

    def spread_(self, saved: list[Any], places: IndexArray) -> None:
        """Let text k go on from what the text at places[k] had read."""
        for reader, one in zip(self._readers, saved, strict=True):
            reader.spread_(one, places)
