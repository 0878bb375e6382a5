"""What every constraint keeps: its name is that of a setting, and one that is off stays out of the way."""

import pytest

from charseq.config import SampleConfig
from charseq.registry import CONSTRAINTS
from charseq.sampling.constraints.constraint import Constraint
from charseq.sampling.steered import constraints_on


@pytest.mark.parametrize("name", list(CONSTRAINTS))
def test_a_constraint_has_the_name_of_a_setting(name: str) -> None:
    """It is on whenever the setting is not at its default."""
    assert issubclass(CONSTRAINTS[name], Constraint)
    assert CONSTRAINTS[name].name == name
    assert name in SampleConfig.model_fields


def test_without_settings_there_are_no_constraints() -> None:
    """The defaults ask for none."""
    assert constraints_on(SampleConfig()) == []
    assert constraints_on(SampleConfig(unique=True, match="a")) == ["match", "unique"]
