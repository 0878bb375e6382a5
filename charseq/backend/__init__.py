"""The two backends: NumPy, and machine code compiled by numba (`charseq[fast]`).

Compiled functions are in files named `compiled.py` beside the NumPy code that they replace; those of the
network also in `panels.py`, `tiles.py`, `windows.py` and files that begin with `compiled_`. NumPy stays the
reference, and tests compare them.
"""

from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from typing import Any, cast

from charseq.errors import ConfigError

__all__ = ["FASTMATH", "compiled", "inlined", "use_numba"]

FASTMATH = {"contract", "arcp", "nsz", "reassoc"}
"""The changes in rounding that the compiler may make; nan and infinity keep their meaning."""


def use_numba(backend: str) -> bool:
    """Return True if `backend`, a BackendName, means numba; auto means numba if it is installed.

    Raises ConfigError if `backend` is numba and numba is not installed.
    """
    if backend == "numba" and find_spec("numba") is None:
        raise ConfigError("train.backend: numba is not installed; pip install 'charseq[fast]'")
    return backend != "numpy" and find_spec("numba") is not None


def compiled(function: Callable[..., None]) -> Callable[..., None]:
    """Return `function` compiled, so that other threads can run meanwhile; its code is kept on disk."""
    from numba import njit

    kernel: Any = njit(function, nogil=True, fastmath=FASTMATH, error_model="numpy")
    try:
        from charseq.backend.machine_code import MachineCode
    except ImportError:  # of a numba that keeps code in another way
        with suppress(RuntimeError):  # it has no directory
            kernel.enable_caching()
    else:
        kernel._cache = MachineCode(function)
    return cast(Callable[..., None], kernel)


def inlined(function: Callable[..., None]) -> Callable[..., None]:
    """Return `function` as a part of the compiled functions that call it, which saves compiling it twice."""
    from numba import njit

    kernel: Any = njit(function, inline="always")
    return cast(Callable[..., None], kernel)
