"""Commands run in an empty directory of their own, as the tests of the command line run them."""

import pytest


@pytest.fixture(autouse=True)
def _surroundings(clean_surroundings: None) -> None:
    """Keep out the settings and runs of whoever runs the tests."""
