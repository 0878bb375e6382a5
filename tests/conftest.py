"""Floating-point errors raise in every test; only underflow, a harmless zero, is allowed."""

import os
from collections.abc import Iterator

for library in ("OPENBLAS", "OMP", "MKL"):  # as the command has it; before numpy is loaded
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

settings.register_profile("quick", max_examples=40)  # --hypothesis-profile=default looks longer
settings.load_profile("quick")


@pytest.fixture(autouse=True)
def _floating_point_errors_raise() -> Iterator[None]:
    with np.errstate(all="raise", under="ignore"):
        yield
