"""A run that is killed at any moment, and continued, is the run in one go, bit for bit."""

from pathlib import Path

import pytest

from tests.faults.harness import VARIANTS, torture


@pytest.mark.parametrize("variant", VARIANTS, ids="-".join)
def test_a_killed_run_is_the_whole_run(variant: tuple[str, ...], tmp_path: Path) -> None:
    """SIGKILL at a random moment: the same weights, best model, records, and files."""
    assert torture(variant, tmp_path, num_kills=2, seed=VARIANTS.index(variant)) >= 1
