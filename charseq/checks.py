"""Checks of arguments; each returns its argument, converted to the type that is needed.

All raise ConfigError for a wrong argument, with one sentence that begins with the name of the argument.
"""

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from charseq.config import suggest
from charseq.config.messages import brief
from charseq.errors import ConfigError


def string(name: str, value: Any) -> str:
    """Return a string."""
    if not isinstance(value, str):
        raise _wrong(name, "a string", value)
    return value


def count(name: str, value: Any) -> int:
    """Return a whole number, 0 or more."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 0:
        raise _wrong(name, "a whole number, at least 0", value)
    return int(value)


def size(name: str, value: Any) -> float:
    """Return a finite number, 0 or more."""
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 <= float(value) < math.inf:
        raise _wrong(name, "a number, at least 0", value)
    return float(value)


def truth(name: str, value: Any) -> bool:
    """Return True or False."""
    if not isinstance(value, bool | np.bool_):
        raise _wrong(name, "True or False", value)
    return bool(value)


def function(name: str, value: Any) -> Any:
    """Return a function, or anything else that can be called."""
    if not callable(value):
        raise _wrong(name, "a function", value)
    return value


def strings(name: str, value: Any) -> list[str]:
    """Return one string or several as a list."""
    return several(name, value, str, "a string or a list of strings")


def path(name: str, value: Any) -> str:
    """Return a path, a string or a Path object, as a string."""
    found = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(found, str):
        raise _wrong(name, "a path, a string or a Path object", value)
    return found


def paths(name: str, value: Any) -> list[str]:
    """Return one path or several as a list of strings; an empty list is an error."""
    wanted = "a path or a list of paths, strings or Path objects"
    found = several(name, value, (str, os.PathLike), wanted)
    if not found:
        raise ConfigError(f"{name}: must not be empty")
    return [path(name, one) for one in found]


def one_of(name: str, value: Any, choices: Sequence[str]) -> str:
    """Return one of the `choices`."""
    if not isinstance(value, str) or value not in choices:
        near = suggest(value, list(choices)) if isinstance(value, str) else ""
        raise ConfigError(f"{name}: must be one of {', '.join(choices)}; got {brief(value)}{near}")
    return value


def several(name: str, value: Any, kind: type | tuple[type, ...], wanted: str) -> list[Any]:
    """Return one value of the type `kind`, or several, as a list; `wanted` describes them in the error."""
    return [value] if isinstance(value, kind) else list(each(name, value, kind, wanted))


def each(name: str, value: Any, kind: type | tuple[type, ...], wanted: str) -> Iterator[Any]:
    """Yield values of the type `kind`, reading each from `value` on demand; `wanted` is as in `several`."""
    if not isinstance(value, Iterable) or isinstance(value, str | bytes):
        raise _wrong(name, wanted, value)
    for one in value:
        if not isinstance(one, kind):
            raise _wrong(name, wanted, one)
        yield one


def pairs(name: str, value: Any, wanted: str) -> Iterator[tuple[Any, Any]]:
    """Yield tuples of two values; see `each`."""
    for one in each(name, value, tuple, wanted):
        if len(one) != 2:
            raise _wrong(name, wanted, one)
        yield one


def _wrong(name: str, wanted: str, value: Any) -> ConfigError:
    return ConfigError(f"{name}: must be {wanted}; got {brief(value)}")
