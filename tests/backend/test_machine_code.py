"""Compiled functions on disk: found again, for this machine only, and right whatever happens to the files."""

import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module, reload
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from charseq import backend
from charseq.backend import compiled

pytest.importorskip("numba")
from charseq.backend import machine_code
from charseq.backend.machine_code import DIGEST, MachineCode, sources_of
from charseq.backend.watch import watch

ROOT = Path(__file__).parents[2]
KERNEL = """
from {package}.classes import Writer
from {package}.parts import WIDTH, part

def add_twice(a, out):
    for j in range(len(a)):
        out[j] = a[j] + part(a[j])
"""
CLASSES = """
class Writer:
    size = 4
"""
PARTS = """
from numba import njit

WIDTH = 8

@njit
def part(x):
    return x
"""
SCRIPT = """
import sys
import numpy as np
from charseq.backend import compiled
from {package}.kernel import add_twice

kernel = compiled(add_twice)
for dtype in (np.float32, np.float64):
    a = np.arange(5, dtype=dtype)
    out = np.empty_like(a)
    kernel(a, out)
    print(out.tolist(), out.dtype)
"""
RIGHT = "[0.0, 2.0, 4.0, 6.0, 8.0] float32\n[0.0, 2.0, 4.0, 6.0, 8.0] float64\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory of the compiled functions, in a new cache."""
    monkeypatch.setenv("CHARSEQ_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "compiled"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a new package with a kernel and, in another module, a part of it."""
    name = f"kernels_{tmp_path.name}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").touch()
    (tmp_path / name / "classes.py").write_text(CLASSES)
    (tmp_path / name / "parts.py").write_text(PARTS)
    (tmp_path / name / "kernel.py").write_text(KERNEL.format(package=name))
    monkeypatch.syspath_prepend(tmp_path)
    return name


def add_one(a: Any, out: Any) -> None:
    for j in range(len(a)):
        out[j] = a[j] + 1


def make(function: Callable[..., None] = add_one) -> Any:
    """Return a function as a process makes it that has just begun."""
    return compiled(function)


def assert_right(kernel: Any, *, from_disk: bool, dtype: type = np.float32) -> None:
    a = np.arange(7, dtype=dtype)
    out = np.empty_like(a)
    kernel(a, out)
    np.testing.assert_array_equal(out, a + 1)
    assert sum(kernel.stats.cache_hits.values()) == from_disk


def file_in(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_a_function_is_compiled_once(folder: Path) -> None:
    """The next process finds it on disk, a file for each signature."""
    assert_right(make(), from_disk=False)
    assert_right(make(), from_disk=True)
    assert_right(make(), from_disk=False, dtype=np.float64)
    assert_right(make(), from_disk=True, dtype=np.float64)
    assert len(list(folder.iterdir())) == 2


def truncated(content: bytes, length: int) -> bytes:
    return content[:length]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:20],
        lambda content: content[:-1],
        lambda content: content[:500] + b"\0" * 8 + content[508:],
        lambda content: os.urandom(3000),
        lambda content: DIGEST(b"garbage").digest() + b"garbage",
        lambda content: DIGEST(b"N.").digest() + b"N.",  # None, as pickle writes it
    ],
    ids=["empty", "short", "a byte less", "changed", "garbage", "garbage of ours", "another object"],
)
def test_a_damaged_file_is_as_good_as_none(folder: Path, damage: Callable[[bytes], bytes]) -> None:
    """The function is compiled without a word, and its file is whole again."""
    assert_right(make(), from_disk=False)
    path = file_in(folder)
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert_right(make(), from_disk=False)
    assert_right(make(), from_disk=True)
    assert file_in(folder) == path


@pytest.mark.parametrize("there", ["a file", "no home"])
def test_where_nothing_can_be_written_it_is_compiled_each_time(
    there: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read-only home, say. The results are right."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("CHARSEQ_CACHE_DIR", str(tmp_path / "file") if there == "a file" else "")
    if there == "no home":
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)

        def home() -> Path:
            raise RuntimeError

        monkeypatch.setattr(Path, "home", home)
    kept = list[bool]()
    monkeypatch.setattr(watch, "end", lambda *, is_kept: kept.append(is_kept))
    for _ in range(2):
        assert_right(make(), from_disk=False)
    assert kept == [False, False]


def test_a_directory_that_cannot_be_written_can_be_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is there is used."""
    assert_right(make(), from_disk=False)

    def refuse(*arguments: Any) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(machine_code, "write_atomically", refuse)
    assert_right(make(), from_disk=True)
    assert_right(make(), from_disk=False, dtype=np.float64)


def test_several_processes_may_begin_at_once(folder: Path, package: str, tmp_path: Path) -> None:
    """Each compiles what it does not find; all are right, and so is what they leave."""
    paths = os.pathsep.join([str(ROOT), str(tmp_path)])
    command = [sys.executable, "-c", SCRIPT.format(package=package)]
    environment = {**os.environ, "PYTHONPATH": paths}
    processes = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in processes:
        assert process.communicate() == (RIGHT, "")
    assert len(list(folder.iterdir())) == 2
    kernel = make(import_module(f"{package}.kernel").add_twice)
    a = np.arange(3, dtype=np.float32)
    out = np.empty_like(a)
    kernel(a, out)
    assert out.tolist() == [0, 2, 4]
    assert sum(kernel.stats.cache_hits.values()) == 1


def codegen(name: str, features: str) -> Any:
    return SimpleNamespace(magic_tuple=lambda: ("x86_64-unknown-linux-gnu", name, features))


def test_each_type_of_machine_has_files_of_its_own(folder: Path) -> None:
    """A home that they share holds the code of both, and neither loads the other's."""
    code = MachineCode(add_one)
    names = {
        code._path("f", one)
        for one in (
            codegen("skylake", "+avx2,-avx512f"),
            codegen("skylake", "+avx2,+avx512f"),
            codegen("znver3", "+avx2,-avx512f"),
        )
    }
    assert len(names) == 3
    assert {path.parent for path in names} == {folder}


@pytest.mark.parametrize("number", range(len(machine_code.VERSIONS)))
def test_another_version_compiles_anew(number: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of charseq, numba, its compiler, or Python."""
    before = MachineCode(add_one)._path("f", codegen("a", "b"))
    versions = [*machine_code.VERSIONS]
    versions[number] = "another"
    monkeypatch.setattr(machine_code, "VERSIONS", tuple(versions))
    assert MachineCode(add_one)._path("f", codegen("a", "b")) != before


def module_of(package: str, name: str) -> ModuleType:
    return reload(import_module(f"{package}.{name}"))


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("kernel", "a[j] + part", "a[j] - part"),
        ("parts", "return x", "return 2 * x"),
        ("parts", "WIDTH = 8", "WIDTH = 16"),
        ("classes", "size = 4", "size = 8"),
    ],
)
def test_a_change_of_a_source_compiles_anew(
    package: str, tmp_path: Path, name: str, before: str, after: str
) -> None:
    """Of the function's own, of one that is compiled into it, and of a class that writes code for it."""
    digest = sources_of(module_of(package, "kernel").add_twice)
    assert sources_of(module_of(package, "kernel").add_twice) == digest
    path = tmp_path / package / f"{name}.py"
    path.write_text(path.read_text().replace(before, after))
    assert sources_of(module_of(package, "kernel").add_twice) != digest


def test_a_number_that_depends_on_the_machine_compiles_anew(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that was measured there."""
    kernel = module_of(package, "kernel")
    digest = sources_of(kernel.add_twice)
    monkeypatch.setattr(kernel, "WIDTH", 16)
    assert sources_of(kernel.add_twice) != digest


def test_the_oldest_versions_are_removed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of a function are few, and what killed processes left goes, too."""
    monkeypatch.setattr(machine_code, "MAX_VERSIONS", 3)
    folder.mkdir(parents=True)
    name = f"{add_one.__module__}.add_one"
    for number, path in enumerate([f"{name}-1", f"{name}-2", f".{name}-3.77.tmp", "other-1"]):
        (folder / path).touch()
        os.utime(folder / path, (number, number))
    assert_right(make(), from_disk=False)
    assert_right(make(), from_disk=True)
    left = {path.name for path in folder.iterdir()}
    assert left >= {f"{name}-2", f".{name}-3.77.tmp", "other-1"}
    assert f"{name}-1" not in left
    assert len(left) == 4


def test_a_numba_that_keeps_code_in_another_way_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own cache is then used."""
    monkeypatch.setitem(sys.modules, "charseq.backend.machine_code", None)
    monkeypatch.delattr(backend, "machine_code")
    kernel = make()
    assert not isinstance(kernel._cache, MachineCode)
    kernel(np.zeros(2, np.float32), out := np.zeros(2, np.float32))
    assert out.tolist() == [1, 1]


def test_a_function_with_variables_around_it_is_refused() -> None:
    """Its code depends on more than its file says."""
    step = 2

    def inner(a: Any) -> None:
        a[0] = step

    with pytest.raises(ValueError, match="inner: its code depends on variables around it"):
        compiled(inner)
