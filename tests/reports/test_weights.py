"""The report on weights."""

import io

from rich.console import Console

from charseq.analysis.weights import weights_of
from charseq.registry import REPORTS
from tests.reports.builders import shown
from tests.reports.checkpoints import trained

WEIGHTS = weights_of(trained()[1])


def test_each_matrix_has_a_picture_in_the_terminal() -> None:
    """In colours and without them; no line is wider than 80 columns."""
    plain = shown(REPORTS["weights"], WEIGHTS)
    num_matrices = sum(one.values.ndim == 2 for one in WEIGHTS)
    assert plain.count("a cell is one weight") == num_matrices
    assert max(map(len, plain.splitlines())) <= 80
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, color_system="truecolor", width=80)
    REPORTS["weights"].show(console, WEIGHTS)
    assert "\x1b[48;2;" in file.getvalue()


def test_each_matrix_has_a_picture_on_a_page() -> None:
    """The table comes first."""
    sections = REPORTS["weights"].sections(WEIGHTS)
    assert "<table>" in sections[0]
    assert all("<svg" in section for section in sections[1:])
    assert len(sections) == 1 + sum(one.values.ndim == 2 for one in WEIGHTS)
