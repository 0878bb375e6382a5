"""The report on whole states: its scales, and how much of a long text a page shows."""

import numpy as np
import pytest

from charseq.reports import states
from charseq.reports.states import state_picture, state_scale
from tests.reports.builders import words_of


@pytest.mark.parametrize(("state", "largest", "end"), [("h", 0.3, 1), ("c", 0.3, 1), ("c", -7.5, 10)])
def test_a_scale_holds_every_value_of_a_state(state: str, largest: float, end: float) -> None:
    """That of h is the range of tanh, whatever its values are; that of C has a round end."""
    scale = state_scale(state, np.array([[0, largest]]))
    assert (scale.low, scale.high, scale.diverging) == (-end, end, True)


def test_a_page_shows_the_beginning_of_a_long_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says how much it shows."""
    monkeypatch.setattr(states, "MAX_CELLS", 20)
    parts = state_picture(list("abcdef"), 1, "h", np.zeros((6, 8)))
    assert "The first 2 of 6 characters." in words_of(parts[0])
    assert "".join(word for word in words_of(parts[1]) if word in "abcdef") == "ab"
    assert len(state_picture(list("ab"), 1, "h", np.zeros((2, 8)))) == 1
