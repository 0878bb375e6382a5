"""Machine code on disk: a function is compiled once for a machine, whatever happens to the files.

Numba has a cache of its own. But it keeps an index beside the code, in which two processes that save at once
can mix up their entries; it raises errors if a file is damaged; it does not notice a change in another file
whose functions were compiled into this one; and it writes beside the source. Here each version of a function
is a file, written at once or not at all. Its name is made of everything that the code depends on: the
signature, the sources, the processor with its features, the versions of Python and of numba. So machines that
share a home do not touch each other's files. A file that is damaged is as good as none.

Import this module only if numba is installed.
"""

import hashlib
import os
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from numbers import Number
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import llvmlite
import numba
from numba.core import compiler, serialize
from numba.core.caching import _Cache

from charseq.backend.watch import watch
from charseq.errors import CharseqError
from charseq.files import cache_directory, write_atomically
from charseq.version import __version__

FOLDER = "compiled"
"""The directory within the cache directory; it may be deleted at any time."""
rebuild: Callable[..., Any] = compiler.CompileResult._rebuild
serialised: Callable[[object], bytes] = serialize.dumps
DIGEST = hashlib.sha256
MAX_VERSIONS = 64
"""The most files of a function; the oldest go first."""
VERSIONS = (__version__, numba.__version__, llvmlite.__version__, sys.implementation.cache_tag)


class MachineCode(_Cache):
    """The compiled versions of one function on disk, with the methods that numba asks for them.

    The function must be a plain one of a module, without variables of a function around it.
    """

    def __init__(self, function: Callable[..., None]) -> None:
        if function.__closure__:
            raise ValueError(f"{function.__qualname__}: its code depends on variables around it")
        self._function, self._sources = function, ""

    @property
    def cache_path(self) -> str:
        """The directory of the files, "" if there is no home directory for it."""
        try:
            return str(_folder())
        except CharseqError:
            return ""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the function compiled for the signature `sig`, or None if it must be compiled."""
        target_context.refresh()
        with suppress(Exception):  # whatever is wrong with a file, the function can be compiled
            whole = self._path(sig, target_context.codegen()).read_bytes()
            digest, code = whole[: DIGEST().digest_size], whole[DIGEST().digest_size :]
            if DIGEST(code).digest() == digest:
                return rebuild(target_context, *pickle.loads(code))
        watch.begin()
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Save what was compiled just now, if it can be saved."""
        is_kept = False
        if not (data.lifted or data.library.has_dynamic_globals):  # they hold addresses of this process
            code = serialised(data._reduce())
            with suppress(CharseqError, OSError):  # without a cache it is compiled each time
                path = self._path(sig, data.library.codegen)
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._prune(keep=MAX_VERSIONS - 1)
                write_atomically(path, DIGEST(code).digest() + code)
                is_kept = True
        watch.end(is_kept=is_kept)

    def enable(self) -> None:
        """Do nothing: this cache is always in use."""

    def disable(self) -> None:
        """Do nothing, likewise."""

    def flush(self) -> None:
        """Remove all versions of the function."""
        with suppress(CharseqError):
            self._prune(keep=0)

    def _path(self, sig: Any, codegen: Any) -> Path:
        self._sources = self._sources or sources_of(self._function)
        depends_on = (*VERSIONS, self._sources, str(sig), codegen.magic_tuple())
        return _folder() / f"{self._name}-{DIGEST(repr(depends_on).encode()).hexdigest()[:32]}"

    @property
    def _name(self) -> str:
        return f"{self._function.__module__}.{self._function.__qualname__}".replace("<", "").replace(">", "")

    def _prune(self, *, keep: int) -> None:
        """Remove the oldest files of the function, among them what killed processes left."""
        files = [*_folder().glob(f"{self._name}-*"), *_folder().glob(f".{self._name}-*")]
        with suppress(OSError):  # another process removes them, too
            for path in sorted(files, key=os.path.getmtime, reverse=True)[keep:]:
                path.unlink()


def sources_of(function: Callable[..., None]) -> str:
    """Return a digest of all sources that can be compiled into `function`.

    They are its module, and those whose functions and classes this module has imported, and so on, within one
    package.
    Their numbers and words count too, for they may depend on the machine.
    """
    package = function.__module__.partition(".")[0]
    digest, names, seen = DIGEST(), [function.__module__], set[str]()
    while names:
        name = names.pop()
        module = sys.modules.get(name)
        if name in seen or module is None:
            continue
        seen.add(name)
        digest.update(_source(module))
        for key, value in sorted(vars(module).items()):
            values = value if isinstance(value, tuple) else (value,)
            if not key.startswith("__") and all(isinstance(one, Number | str) for one in values):
                digest.update(f"{key}={value!r}".encode())
            where = getattr(value, "__module__", None) or ""
            can_be_compiled = isinstance(value, FunctionType | type)
            can_be_compiled |= type(value).__module__.startswith("numba")
            if can_be_compiled and where.partition(".")[0] == package:
                names.append(where)
    return digest.hexdigest()


def _source(module: ModuleType) -> bytes:
    with suppress(OSError):
        return Path(module.__file__ or "").read_bytes()
    return module.__name__.encode()  # in an archive, say: then the version of charseq must tell


def _folder() -> Path:
    return cache_directory() / FOLDER
