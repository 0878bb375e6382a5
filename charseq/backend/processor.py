"""The processor that computes, the width of its vectors, and the libraries whose kernels it runs."""

import platform
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import numpy as np
from threadpoolctl import threadpool_info

EXTENSIONS = {
    "AVX-512": ("X86_V4", "AVX512"),
    "AVX2": ("X86_V3", "AVX2"),
    "AVX": ("AVX",),
    "SSE4.2": ("X86_V2", "SSE42"),
    "SVE": ("SVE",),
    "NEON": ("NEON", "ASIMD"),
    "VSX": ("VSX",),
    "VX": ("VX",),
    "LSX": ("LSX",),
    "RVV": ("RVV",),
}
"""The families of vector instructions, the widest first, and how numpy's names for them begin."""
LIBRARIES = {"openblas": "OpenBLAS", "mkl": "MKL", "blis": "BLIS", "flexiblas": "FlexiBLAS"}
"""The libraries for products, by threadpoolctl's names."""


def processor() -> str:
    """Return the name of the processor."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def vector_extension() -> str | None:
    """Return the widest vector instructions of this processor that numpy knows, such as "AVX2"."""
    known = _build_of_numpy().get("SIMD Extensions", {})
    names = [*known.get("baseline", ()), *known.get("found", ())]
    for extension, begins in EXTENSIONS.items():
        if any(name.startswith(begins) for name in names):
            return extension
    return None


def kernels(backend: str) -> str:
    """Return the libraries that do the products, with the processor that their kernels are for, and numba.

    `backend` is "numpy" or "numba". For example "OpenBLAS SkylakeX, numba 0.68.1".
    """
    found = [library for library in threadpool_info() if library.get("user_api") == "blas"]
    names = [
        f"{LIBRARIES.get(one['internal_api'], one['internal_api'])} {one.get('architecture', '')}".strip()
        for one in found
    ]
    if not names:  # such as Apple's Accelerate
        blas = _build_of_numpy().get("Build Dependencies", {}).get("blas", {})
        names = [str(blas.get("name", "numpy"))]
    if backend == "numba":
        from importlib.metadata import version

        names.append(f"numba {version('numba')}")
    return ", ".join(dict.fromkeys(names))


def _build_of_numpy() -> dict[str, Any]:
    return cast(dict[str, Any], np.show_config(mode="dicts"))
