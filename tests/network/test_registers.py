"""The registers of a processor, from what LLVM says of it, and the tiles that fit into them."""

import os
import platform
import subprocess
import sys

import pytest

pytest.importorskip("numba")
from charseq.network.registers import Registers, registers, registers_of

X86, ARM = "x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"
TILES = "from charseq.network.tiles import AT_ONCE, FEW; print(AT_ONCE, FEW)"


@pytest.mark.parametrize(
    ("triple", "features", "expected"),
    [
        (X86, "+avx,+avx2,+avx512f,+avx512vl", Registers(32, 64)),
        (X86, "+avx,+avx2,-avx512f", Registers(16, 32)),
        (X86, "-avx,+sse4.2", Registers(16, 16)),
        (X86, "", Registers(16, 16)),
        (ARM, "-aes,-sve", Registers(32, 16)),
        ("arm64-apple-darwin23.1.0", "", Registers(32, 16)),
        ("riscv64-unknown-linux-gnu", "+v", Registers(16, 16)),
    ],
)
def test_the_registers_of_a_processor(triple: str, features: str, expected: Registers) -> None:
    """By its family and its features; what is not known has at least sixteen short ones."""
    assert registers_of(triple, features) == expected


def test_this_processor_has_registers() -> None:
    """LLVM says which."""
    assert registers() in {Registers(32, 64), Registers(16, 32), Registers(32, 16), Registers(16, 16)}


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="the names are those of x86")
@pytest.mark.parametrize(
    ("features", "expected"),
    [("+avx512f", "16 9"), ("+avx2,+avx,-avx512f", "6 6"), ("", "2 1")],
)
def test_tiles_fit_the_processor_that_numba_compiles_for(features: str, expected: str) -> None:
    """Numba's variables name another one than this."""
    environment = {**os.environ, "NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": features}
    command = [sys.executable, "-c", TILES]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected
