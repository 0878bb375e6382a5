"""In every test floating-point errors raise, no disk is waited for, and the tests' own switches are unset."""

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
    """Save the time of flushing, which matters only when the power fails; other processes do flush."""
    monkeypatch.setattr(os, "fsync", os.fstat)  # raises for a bad descriptor, too
