"""The backend of a run: what was asked for, and by default compiled code where it pays."""

import pytest

from charseq.config import BackendName, TrainConfig
from charseq.training.backend import backend_for


def backend(*, num_parameters: int = 100_000, num_windows: int = 50, **train: object) -> BackendName:
    settings = TrainConfig.model_validate({"batch_size": 10, "seq_length": 50, **train})
    return backend_for(settings, num_parameters=num_parameters, num_windows=num_windows)


@pytest.mark.parametrize("name", ["numpy", "numba"])
@pytest.mark.parametrize("max_steps", [1, 10**9])
def test_what_was_asked_for_is_taken(name: BackendName, max_steps: int) -> None:
    """However long the run is."""
    assert backend(backend=name, max_steps=max_steps) == name


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"max_steps": 199}, "numpy"),  # times 500 tokens, 3 passes and 100,000 parameters: 3e10
        ({"max_steps": 200}, "auto"),
        ({"num_epochs": 3}, "numpy"),
        ({"num_epochs": 4}, "auto"),
        ({"max_steps": 10**6, "num_epochs": 3}, "numpy"),
        ({"max_steps": 199, "max_time": 3600.0}, "numpy"),
        ({"max_time": 2.0}, "numpy"),
        ({"max_time": 2.0, "max_steps": 10**6}, "numpy"),
        ({"max_time": 3.0}, "auto"),
        ({}, "auto"),  # two minutes
        ({"patience": 3}, "auto"),
    ],
)
def test_a_run_that_ends_before_numba_is_loaded_does_without(
    limits: dict[str, float], expected: BackendName
) -> None:
    """It is decided by the limits and the sizes, not by a clock."""
    assert backend(**limits) == expected


def test_a_tiny_network_takes_time_for_each_token_too() -> None:
    """Between its products; so compiled code pays from some number of tokens on, whatever its size."""
    assert backend(num_parameters=10, max_steps=600) == "numpy"
    assert backend(num_parameters=10, max_steps=700) == "auto"
