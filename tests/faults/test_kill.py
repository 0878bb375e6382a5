"""A run that is killed at any moment, and continued, is the run in one go, bit for bit."""

from pathlib import Path

import pytest

from tests.faults.harness import QUICK, VARIANTS, torture


@pytest.mark.parametrize("variant", QUICK, ids="-".join)
def test_a_killed_run_is_the_whole_run(variant: tuple[str, ...], tmp_path: Path) -> None:
    """SIGKILL at a random moment: the same weights, best model, records, and files."""
    num_kills = 1 + QUICK.index(variant) % 2  # every other run is killed again after it was resumed
    assert torture(variant, tmp_path, num_kills=num_kills, seed=VARIANTS.index(variant)) >= 1


def test_every_choice_of_the_harness_is_among_the_quick_runs() -> None:
    """Each cell, unit, number of threads and further option of the full list is killed in the suite, too."""
    assert {word for variant in QUICK for word in variant} == {
        word for variant in VARIANTS for word in variant
    }
