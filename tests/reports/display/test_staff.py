"""A text with rows of cells below: every number stands below its character, whatever the text is."""

import io

import numpy as np
from hypothesis import given
from rich.cells import cell_len

from charseq.reports.display.heat import ACTIVATION, OPENNESS
from charseq.reports.display.staff import MARGIN, Row, print_staff
from tests.reports.display.test_heat import CODES, console_of, strange


def printed(text: str, *rows: Row, coloured: bool = False, width: int = 40) -> list[str]:
    file = io.StringIO()
    print_staff(console_of(file, width=width, coloured=coloured), text, rows)
    return file.getvalue().splitlines()


def test_each_row_is_below_the_text() -> None:
    """A character of two columns has two bars; each line of the text has its own block."""
    rows = [
        Row("gate", np.array([0, 0.5, 1, 0.25]), OPENNESS),
        Row("h", np.array([-1, 0, 1, 0.5]), ACTIVATION),
    ]
    assert printed("a한\n!", *rows) == [
        " " * MARGIN + "a한⏎",
        f"{'gate':<{MARGIN}} ▄▄█",
        f"{'h':<{MARGIN}} ▄▄█",
        "",
        " " * MARGIN + "!",
        f"{'gate':<{MARGIN}}▂",
        f"{'h':<{MARGIN}}▆",
        "",
        "0 ▁▂▃▄▅▆▇█ 1 openness",
        "-1 ▁▂▃▄▅▆▇█ 1 activation",
    ]


def test_a_mark_shares_a_cell_which_shows_the_numbers_after_it() -> None:
    """The letter and its accent are one place."""
    assert printed("e\u0301x", Row("gate", np.array([0, 1, 0.5]), OPENNESS))[1] == f"{'gate':<{MARGIN}}█▄"


@given(strange)
def test_lines_fit_and_rows_are_as_long_as_the_text(text: str) -> None:
    """No line is too wide, nothing is obeyed, and each row ends where the text ends."""
    lines = printed(text, Row("gate", np.ones(len(text)), OPENNESS))
    assert "\x1b" not in "".join(lines)
    for line in lines[:-1]:
        assert cell_len(line) <= 40
    for above, below in zip(lines[:-1:3], lines[1:-1:3], strict=True):
        assert cell_len(above) == cell_len(below)


def test_with_colours_the_rows_are_backgrounds() -> None:
    """Without the codes nothing but names and blanks is left."""
    lines = printed("ab", Row("gate", np.array([0, 1.0]), OPENNESS), coloured=True)
    assert CODES.search(lines[1])
    assert CODES.sub("", lines[1]) == f"{'gate':<{MARGIN}}  "
