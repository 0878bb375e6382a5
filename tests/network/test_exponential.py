import numpy as np
import pytest

pytest.importorskip("numba")
from charseq.network.exponential import LOWEST, exponential


def test_the_exponential_is_that_of_numpy() -> None:
    """The relative error is that of single precision, down to the lowest number."""
    x = np.linspace(LOWEST, 0, 1001, dtype=np.float32)
    values = [exponential(number) for number in x]
    np.testing.assert_allclose(values, np.exp(x.astype(np.float64)), rtol=1e-6)
    assert exponential(np.float32(-1e30)) == exponential(LOWEST)
