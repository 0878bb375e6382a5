"""What is said of the machine: whatever numpy calls its instructions, and whatever does the products."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charseq.backend import processor as module
from charseq.backend.processor import EXTENSIONS, kernels, processor, vector_extension


@pytest.mark.parametrize(
    ("baseline", "found", "expected"),
    [
        (["X86_V2"], ["X86_V3", "X86_V4", "AVX512_ICL"], "AVX-512"),
        (["X86_V2"], ["X86_V3"], "AVX2"),
        (["X86_V2"], [], "SSE4.2"),
        (
            ["SSE", "SSE2", "SSE3"],
            ["SSSE3", "SSE41", "SSE42", "AVX", "F16C", "FMA3", "AVX2"],
            "AVX2",
        ),
        (["SSE", "SSE2", "SSE3"], ["SSSE3", "SSE42", "AVX"], "AVX"),
        (["SSE", "SSE2", "SSE3"], ["AVX", "AVX2", "AVX512F", "AVX512CD", "AVX512_SKX"], "AVX-512"),
        (["NEON", "NEON_FP16", "NEON_VFPV4", "ASIMD"], ["ASIMDHP"], "NEON"),
        (["NEON", "ASIMD"], ["ASIMDHP", "SVE"], "SVE"),
        ([], [], None),
    ],
)
def test_the_vector_extension_is_the_widest_that_numpy_found(
    baseline: list[str], found: list[str], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the names of numpy 1.26 and of later ones, on x86 and on ARM."""
    known = {"SIMD Extensions": {"baseline": baseline, "found": found, "not found": ["AVX512_SPR"]}}
    monkeypatch.setattr(np, "show_config", lambda mode: known)
    assert vector_extension() == expected


def test_this_machine_has_a_name_and_instructions() -> None:
    """Whichever it is."""
    assert processor()
    assert vector_extension() in {*EXTENSIONS, None}
    assert kernels("numpy")


def test_the_processor_has_a_name_where_there_is_no_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the operating system, or of the architecture at least."""

    def missing(self: Path) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", missing)
    monkeypatch.setattr(module.platform, "processor", lambda: "")
    monkeypatch.setattr(module.platform, "machine", lambda: "aarch64")
    assert processor() == "aarch64"


def library(internal_api: str, **more: str) -> dict[str, Any]:
    return {"user_api": "blas", "internal_api": internal_api, **more}


@pytest.mark.parametrize(
    ("libraries", "expected"),
    [
        ([library("openblas", architecture="SkylakeX")], "OpenBLAS SkylakeX"),
        ([library("openblas", architecture="Zen"), library("openblas", architecture="Zen")], "OpenBLAS Zen"),
        ([{"user_api": "openmp", "internal_api": "openmp"}, library("mkl")], "MKL"),
        ([library("newblas")], "newblas"),
        ([], "accelerate"),
    ],
)
def test_the_kernels_are_those_of_the_libraries(
    libraries: list[dict[str, Any]], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each once; where threadpoolctl knows none, that with which numpy was built."""
    monkeypatch.setattr(module, "threadpool_info", lambda: libraries)
    build = {"Build Dependencies": {"blas": {"name": "accelerate"}}}
    monkeypatch.setattr(np, "show_config", lambda mode: build)
    assert kernels("numpy") == expected


def test_numba_is_named_where_it_computes() -> None:
    """With its version, which decides what is compiled."""
    numba = pytest.importorskip("numba")
    assert kernels("numba") == f"{kernels('numpy')}, numba {numba.__version__}"
