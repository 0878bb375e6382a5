"""Which backend a name means: numba where it is installed and compiles."""

from typing import Any

import numpy as np
import pytest

from charseq.arrays import FloatArray
from charseq.backend import compiled, use_numba
from charseq.backend.watch import Watch
from charseq.errors import ConfigError


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the notes of a new process."""
    watch, said = Watch(), list[str]()
    watch.say = said.append
    monkeypatch.setattr("charseq.backend.watch.watch", watch)
    monkeypatch.delenv("NUMBA_DISABLE_JIT", raising=False)
    return said


def set_installed(monkeypatch: pytest.MonkeyPatch, *, is_installed: bool) -> None:
    found: Any = object() if is_installed else None
    monkeypatch.setattr("charseq.backend.find_spec", lambda name: found)


@pytest.mark.parametrize("is_installed", [False, True])
def test_auto_means_numba_where_it_is_installed(
    is_installed: bool, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And numpy never does."""
    set_installed(monkeypatch, is_installed=is_installed)
    assert use_numba("auto") == is_installed
    assert not use_numba("numpy")
    assert said == []


def test_numba_that_is_not_installed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it would not compile."""
    set_installed(monkeypatch, is_installed=False)
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    with pytest.raises(ConfigError, match="numba is not installed"):
        use_numba("numba")


def test_numpy_computes_where_numba_may_not_compile(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A note says so once, to those who asked for numba."""
    set_installed(monkeypatch, is_installed=True)
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    assert not use_numba("auto")
    assert said == []
    assert not use_numba("numba")
    assert not use_numba("numba")
    assert said == ["NUMBA_DISABLE_JIT is set, so numba compiles nothing: NumPy computes"]


@pytest.mark.parametrize("value", ["0", "", "yes"])
def test_numba_compiles_unless_the_variable_is_a_number_other_than_zero(
    value: str, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As numba reads it."""
    set_installed(monkeypatch, is_installed=True)
    monkeypatch.setenv("NUMBA_DISABLE_JIT", value)
    assert use_numba("numba")


def test_compiled_code_counts_no_references() -> None:
    """What it would need them for, new memory, is refused when it is compiled."""
    errors = pytest.importorskip("numba.core.errors")
    kernel: Any = compiled(allocate)
    with pytest.raises(errors.NumbaError, match="empty"):
        kernel(np.zeros(2))


def allocate(numbers: FloatArray) -> None:
    """Change `numbers` by way of another array."""
    numbers[0] = np.empty(2)[1]
