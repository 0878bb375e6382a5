"""The registers for vectors of the processor that numba compiles for.

Import this module only if numba is installed.
"""

from typing import NamedTuple

from numba.core.registry import cpu_target


class Registers(NamedTuple):
    """The number of vector registers, and the bytes of each."""

    number: int
    num_bytes: int


def registers_of(triple: str, features: str) -> Registers:
    """Return the registers of a processor, by LLVM's names for its family and for what it can do.

    `features` are such as "+avx2,-avx512f"; without any, what all processors of the family have is taken.
    """
    has = set(features.split(","))
    if "+avx512f" in has:
        return Registers(32, 64)
    if "+avx" in has:
        return Registers(16, 32)
    if triple.startswith(("aarch64", "arm64")):
        return Registers(32, 16)
    return Registers(16, 16)


def registers() -> Registers:
    """Return those of the processor that numba compiles for, which its own variables may set."""
    triple, _, features = cpu_target.target_context.codegen().magic_tuple()
    return registers_of(triple, features)
