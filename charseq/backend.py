"""The two backends: NumPy, and machine code that numba compiles (`charseq[fast]`).

Compiled kernels stand beside the NumPy code that they replace, in files called `compiled.py`. NumPy stays the
reference, and tests compare the two.
"""

from collections.abc import Callable
from importlib.util import find_spec

from charseq.errors import ConfigError

FASTMATH = {"contract", "arcp", "nsz", "reassoc"}
"""The liberties a compiler may take with rounding; nan and infinity stay what they are."""


def use_numba(backend: str) -> bool:
    """Return whether `backend`, a BackendName, means numba; auto does where it is installed.

    Raises ConfigError where it is wanted and missing.
    """
    if backend == "numba" and find_spec("numba") is None:
        raise ConfigError("train.backend: numba is not installed; pip install 'charseq[fast]'")
    return backend != "numpy" and find_spec("numba") is not None


def compiled(function: Callable[..., None]) -> Callable[..., None]:
    """Compile a kernel that lets other threads run, and keep the result on disk where that is possible."""
    from numba import njit

    def compile_it(*, cache: bool) -> Callable[..., None]:
        kernel: Callable[..., None] = njit(
            function, cache=cache, nogil=True, fastmath=FASTMATH, error_model="numpy"
        )
        return kernel

    try:
        return compile_it(cache=True)
    except RuntimeError:  # there is no directory to write to
        return compile_it(cache=False)
