"""In every test floating-point errors raise and no disk is waited for; commands can run in this process."""

import functools
import gc
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

for library in ("OPENBLAS", "OMP", "MKL"):  # as the command has it; before numpy is loaded
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import numpy as np  # noqa: E402
import pytest  # noqa: E402
import typer.main  # noqa: E402
from hypothesis import settings  # noqa: E402

from tests.blend import Blend  # noqa: E402
from tests.builders import Outcome, meddles  # noqa: E402

settings.register_profile("patient", deadline=None, max_examples=50)  # a machine may be busy
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def _floating_point_errors_raise() -> Iterator[None]:
    with np.errstate(all="raise", under="ignore"):  # underflow, a harmless zero, is allowed
        yield


@pytest.fixture(autouse=True, scope="session")
def _nothing_is_flushed() -> Iterator[None]:
    """Save the time of flushing, which matters only when the power fails; other processes do flush."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", os.fstat)  # raises for a bad descriptor, too
        yield


@pytest.fixture(scope="session")
def blend(tmp_path_factory: pytest.TempPathFactory) -> Blend:
    """Make a network, n-grams and their mixture."""
    return Blend.make(tmp_path_factory.mktemp("blend"))


@pytest.fixture
def clean_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep out the charseq.toml, the runs/ and the environment of whoever runs the tests."""
    for key in filter(meddles, list(os.environ)):
        monkeypatch.delenv(key)
    monkeypatch.chdir(tmp_path)


gc.disable()  # until all tests are collected: none of what is made then goes away


def pytest_collection_finish() -> None:
    """Leave what collecting the tests has made out of every later search for garbage; search rarely.

    The first training in this process undoes the freezing; then each search of all looks at all tests.
    """
    gc.freeze()
    gc.set_threshold(100_000, 10, 10)
    gc.enable()


_command_of = functools.cache(typer.main.get_command)
"""The commands of the application, made once for all tests as a process makes them once."""


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Run a command in this process."""
    from charseq.cli.app import run

    monkeypatch.setattr("typer.main.get_command", _command_of)

    def call(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["charseq", *arguments])
        capsys.readouterr()
        code = run(list(arguments))
        return Outcome(code, *capsys.readouterr())

    return call
