"""Models compared for people: any names of any number of models, in a terminal and on a page."""

import math
import re

import pytest

from charseq.analysis.comparison import Comparison
from charseq.reports.chosen import reports_of, rows_of, sections_of
from tests.reports.builders import HARMLESS, HOSTILE, PART, compared, shown, words_of

REPORTS = list(reports_of("compare").values())


def all_shown(comparison: Comparison, *, width: int = 80) -> str:
    """Return all reports as a terminal of that width shows them."""
    return "\n".join(shown(report, comparison, width=width) for report in REPORTS if report.items(comparison))


def numbers(text: str) -> list[str]:
    """Return all numbers with a point, in their order."""
    return re.findall(r"\d+\.\d+", text)


@pytest.mark.parametrize("num_models", [2, 3, 4, 7])
@pytest.mark.parametrize("stem", ["m", "runs/tales-of-a-far-country-", "verzeichnis/" * 5, "모델"])
def test_any_names_of_any_number_of_models(stem: str, num_models: int) -> None:
    """In 80 columns names fold and many models take several tables, but nothing is cut or lost."""
    names = tuple(f"{stem}{k}" for k in range(num_models))
    comparison = compared(1, *range(1, num_models), names=names, num_passages=3)
    narrow, wide = all_shown(comparison), all_shown(comparison, width=1000)
    assert numbers(narrow) == numbers(wide)
    assert sorted(re.sub(r"[\s─]", "", narrow)) == sorted(re.sub(r"[\s─]", "", wide))
    intervals = re.findall(r"[+-]\d\.\d{4} to [+-]\d\.\d{4}\n", narrow)
    assert len(intervals) == num_models * (num_models - 1)
    assert all(name in wide for name in names)
    assert narrow.count("Models") == math.ceil(num_models / 3)


def test_a_page_has_all_models_beside_each_other_and_the_same_figures() -> None:
    """A page has room for any number of columns."""
    comparison = compared(2, 3, 4, 5, 6, names=("x", "y", "z", "u", HOSTILE), num_passages=2)
    sections = sections_of(REPORTS, comparison)
    words = [word for html in sections for word in words_of(html)]
    assert sorted(numbers(" ".join(words))) == sorted(numbers(all_shown(comparison, width=1000)))
    assert [words_of(html)[0].split()[0] for html in sections] == [
        "Models",
        "Differences",
        "Bits",
        "Passages",
    ]
    assert HARMLESS in words
    assert "\x1b" not in "".join(sections)


def test_names_and_texts_are_shown_as_they_are() -> None:
    """Nothing in a name, a file or a text is obeyed by a terminal, or taken for markup."""
    out = all_shown(compared(2, 3, text=HOSTILE * 4, names=(HOSTILE, "b"), file=HOSTILE), width=500)
    assert HARMLESS.replace(" ", "␣") in out
    assert "\x1b" not in out
    assert out.count(HARMLESS) == 6


def test_a_short_text_has_no_error_no_interval_and_a_verdict_that_says_so() -> None:
    """Its difference is shown all the same."""
    lines = all_shown(compared(2, 3, names=("x", "y"), text=PART * 10)).split("\n")
    pair = next(line for line in lines if line.startswith("a  x"))
    assert pair.split() == ["a", "x", "too", "short", "to", "tell", "-0.4286/char"]
    assert sum(line.split()[:5] == ["standard", "error", "of", "that", "too"] for line in lines) == 1


def test_the_best_of_a_class_is_named_where_it_is_one() -> None:
    """Several that pay as little are equal."""
    lines = all_shown(compared(4, 3, 5)).split("\n")
    (letters,) = [line.split() for line in lines if line.startswith("letter")]
    assert letters == ["letter", "runs/lstm", "900", "4.0000", "3.0000", "5.0000"]


@pytest.mark.parametrize(
    ("comparison", "there"),
    [(compared(2, 2), False), (compared(2, 3, num_passages=0), False), (compared(2, 3), True)],
)
def test_models_that_agree_have_no_passages(comparison: Comparison, there: bool) -> None:
    """Where there is no passage on which the models differ, there is no table of them."""
    assert ("Passages" in all_shown(comparison)) is there


def test_rows_of_a_report_stand_together_with_the_same_fields() -> None:
    """A row for each model, each pair, each class and model, each passage and model."""
    rows = list(rows_of(REPORTS, compared(2, 3, 4, num_passages=2)))
    names = [row["report"] for row in rows]
    assert names == ["model"] * 3 + ["pair"] * 3 + ["class"] * 12 + ["passage"] * 6
    assert len({tuple(row) for row in rows}) == 4


def test_a_pair_has_the_error_and_the_interval_of_each_estimate() -> None:
    """Per character and per byte, unrounded."""
    comparison = compared(2, 3, 5)
    (report,) = [report for report in REPORTS if report.name == "pair"]
    for row, difference in zip(report.rows(comparison), comparison.differences, strict=True):
        for unit, estimate in (("char", difference.bits_per_char), ("byte", difference.bits_per_byte)):
            figures = [row[f"bits_per_{unit}_{key}"] for key in ("difference", "error", "low", "high")]
            assert figures == [estimate.value, estimate.error, estimate.low, estimate.high]
