import gc

import pytest

from charseq.training.collecting import settled_objects


def test_the_objects_from_before_are_set_aside() -> None:
    """Within the context the collector does not look at them; afterwards it does."""
    with settled_objects():
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0


def test_they_are_back_after_an_error() -> None:
    """An error ends the context, too."""
    with pytest.raises(ValueError, match="inside"), settled_objects():
        raise ValueError("inside")
    assert gc.get_freeze_count() == 0
