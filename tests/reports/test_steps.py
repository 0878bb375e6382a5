"""The report of steps: a line fits a terminal, and numbers are kept apart from arrays."""

from dataclasses import replace

import pytest

from charseq.reports.steps import StepReport, distributions
from tests.reports.builders import MIXED, UNROLLED, UNROLLED_NGRAM, shown, words_of

REPORT = StepReport()


@pytest.mark.parametrize("one", [UNROLLED, MIXED, UNROLLED_NGRAM])
def test_a_terminal_of_80_columns_is_wide_enough(one: object) -> None:
    """Nothing is cut off, and every input is there."""
    text = shown(REPORT, [one])
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text


def test_numbers_are_the_fields_before_the_arrays() -> None:
    """With the same values."""
    rows, numbers = list(REPORT.rows([UNROLLED, MIXED])), list(REPORT.numbers([UNROLLED, MIXED]))
    assert len(rows) == len(numbers) == 6
    for row, some in zip(rows, numbers, strict=True):
        assert list(row)[: len(some)] == list(some)
        assert all(row[key] == some[key] for key in some)
        assert not any(isinstance(value, list | dict) for value in some.values())
        assert all(isinstance(row[key], list | dict | None) for key in list(row)[len(some) :])


def test_a_likeliest_character_that_was_not_asked_for_is_none() -> None:
    """Where no guesses are shown, there is none in the numbers."""
    step = UNROLLED.steps[0]
    bare = replace(UNROLLED, steps=(replace(step, prediction=replace(step.prediction, top=())),))
    (row,) = REPORT.numbers([bare])
    assert (row["guess"], row["guess_probability"]) == (None, None)


def test_distributions_are_a_picture_of_the_likeliest_characters() -> None:
    """A column for each that is shown anywhere, in their order; without guesses there is no picture."""
    (picture,) = distributions(UNROLLED)
    words = words_of(picture)
    assert [word for word in words if word in ("o", "␣", "\\n")] == ["\\n", "␣", "o"]
    bare = replace(UNROLLED.steps[0].prediction, top=())
    assert distributions(replace(UNROLLED, steps=(replace(UNROLLED.steps[0], prediction=bare),))) == []
