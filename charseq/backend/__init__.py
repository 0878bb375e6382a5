"""The two backends: NumPy, and machine code compiled by numba (`charseq[fast]`).

Compiled functions are in files named `compiled.py` beside the NumPy code that they replace; those of the
network also in `panels.py`, `tiles.py`, `windows.py` and files that begin with `compiled_`. NumPy stays the
reference, and tests compare them.
"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from typing import Any, cast

from charseq.errors import ConfigError

__all__ = ["FASTMATH", "compiled", "compiled_exactly", "inlined", "numba_is_loaded", "use_numba"]

FASTMATH = {"contract", "arcp", "nsz", "reassoc"}
"""The changes in rounding that the compiler may make; nan and infinity keep their meaning."""
_DISABLED = "NUMBA_DISABLE_JIT"
"""Numba's variable that tells it to leave functions to Python, in which the tiles cannot be computed."""


def use_numba(backend: str) -> bool:
    """Return True if `backend`, a BackendName, means numba; auto means numba if it is installed.

    Where NUMBA_DISABLE_JIT tells numba not to compile, NumPy computes; a note says so if `backend` is numba.
    Raises ConfigError if `backend` is numba and numba is not installed.
    """
    if backend == "numba" and find_spec("numba") is None:
        raise ConfigError("train.backend: numba is not installed; pip install 'charseq[fast]'")
    if backend == "numpy" or find_spec("numba") is None:
        return False
    with suppress(ValueError):  # numba ignores what is not a number
        if int(os.environ.get(_DISABLED, "0")):
            if backend == "numba":
                from charseq.backend.watch import watch

                watch.tell(f"{_DISABLED} is set, so numba compiles nothing: NumPy computes")
            return False
    return True


def numba_is_loaded() -> bool:
    """Return True if numba is loaded and compiles, so that compiled code costs no time before it runs."""
    return "numba" in sys.modules and use_numba("auto")


def compiled(function: Callable[..., None]) -> Callable[..., None]:
    """Return `function` compiled, so that other threads can run meanwhile; its code is kept on disk.

    It cannot allocate memory: so the compiler need not count who uses an array, which it would do at each
    slice, and which made products a twentieth slower.
    """
    return _compiled(function, FASTMATH)


def compiled_exactly(function: Callable[..., int]) -> Callable[..., int]:
    """Return `function` compiled likewise, but with the rounding of Python."""
    return _compiled(function, set())


def _compiled(function: Callable[..., Any], fastmath: set[str]) -> Callable[..., Any]:
    from numba import njit
    from numba.core.options import DefaultOptions

    options: dict[str, Any] = {"nogil": True, "fastmath": fastmath, "error_model": "numpy"}
    if hasattr(DefaultOptions, "_nrt"):  # an option that is not documented: count references?
        options["_nrt"] = False
    kernel: Any = njit(function, **options)
    try:
        from charseq.backend.machine_code import MachineCode
    except ImportError:  # of a numba that keeps code in another way
        with suppress(RuntimeError):  # it has no directory
            kernel.enable_caching()
    else:
        kernel._cache = MachineCode(function)
    return cast(Callable[..., Any], kernel)


def inlined(function: Callable[..., None]) -> Callable[..., None]:
    """Return `function` as a part of the compiled functions that call it, which saves compiling it twice.

    Sums and equations that compiled functions share are such parts. A compiled function that others call is
    copied into each of them, and the copy that is loaded first is used by all; the compiler may round each
    copy differently, so a process that compiles would have other bits than one that finds its code on disk.
    """
    from numba import njit

    kernel: Any = njit(function, inline="always")
    return cast(Callable[..., None], kernel)
