"""The report on the ladder of models."""

import io

from rich.console import Console

from charseq.registry import REPORTS
from tests.reports.builders import rungs, shown


def test_each_model_has_a_bar_of_its_bits() -> None:
    """The longest bar is that of the worst model; the best possible has one of its own if it is known."""
    lines = shown(REPORTS["ladder"], rungs(optimum=0.5)).splitlines()[2:]
    assert [line.count("█") for line in lines] == [24, 6, 3]
    assert lines[-1].startswith("best possible")
    assert len(shown(REPORTS["ladder"], rungs()).splitlines()) == 4


def test_bars_keep_their_proportions_in_a_narrow_terminal() -> None:
    """They are drawn shorter, and none is cut off."""
    file = io.StringIO()
    REPORTS["ladder"].show(Console(file=file, width=58), rungs(optimum=0.5))
    lengths = [line.count("█") for line in file.getvalue().splitlines()[2:]]
    assert "…" not in file.getvalue()
    assert 6 <= lengths[0] < 24
    assert abs(lengths[0] - 4 * lengths[1]) <= 4


def test_the_page_has_a_chart() -> None:
    """It says in words what it shows."""
    (section,) = REPORTS["ladder"].sections(rungs(optimum=0.5))
    words = "bits per character: uniform 4.0000, runs/gru 1.0000, best possible 0.5000"
    assert f'aria-label="{words}"' in section
    assert section.count("<rect") == 3
