"""In every test floating-point errors raise, and nobody waits for a disk."""

import os
from collections.abc import Iterator

for library in ("OPENBLAS", "OMP", "MKL"):  # as the command has it; before numpy is loaded
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

settings.register_profile("patient", deadline=None)  # a machine may be busy with something else
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def _floating_point_errors_raise() -> Iterator[None]:
    with np.errstate(all="raise", under="ignore"):  # underflow, a harmless zero, is allowed
        yield


@pytest.fixture(autouse=True)
def _nothing_is_flushed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flushing shows only where the power fails; tests of it and commands in their own processes have it."""
    monkeypatch.setattr(os, "fsync", os.fstat)  # which knows a bad descriptor, too
