"""The two backends: NumPy, and machine code compiled by numba (`charseq[fast]`).

Compiled functions are in files named `compiled.py`, beside the NumPy code that they replace. NumPy stays the
reference, and tests compare the two.
"""

from collections.abc import Callable
from importlib.util import find_spec

from charseq.errors import ConfigError

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
    """Return `function` compiled, so that other threads can run meanwhile; cached on disk if possible."""
    from numba import njit

    def compile_it(*, cache: bool) -> Callable[..., None]:
        kernel: Callable[..., None] = njit(
            function, cache=cache, nogil=True, fastmath=FASTMATH, error_model="numpy"
        )
        return kernel

    try:
        return compile_it(cache=True)
    except RuntimeError:  # there is no directory for the cache
        return compile_it(cache=False)
