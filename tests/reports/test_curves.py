"""Learning curves for people: the lines of a chart, their names, and what a summary leaves empty."""

import re
from itertools import product

import pytest

from charseq.analysis.curves import curve_of
from charseq.registry import REPORTS
from charseq.reports.curves import AXES, QUANTITIES, LearningCurves, charts, curve_parts
from tests.analysis.test_curves import OLD, RECORDS
from tests.reports.builders import shown

REPORT = REPORTS["curve"]
ONE, OLDER = curve_of("runs/one", RECORDS), curve_of("runs/older", OLD)


def names_of(result: LearningCurves) -> list[list[str]]:
    return [[series.name for series in chart.series] for chart in charts(result)]


def test_lines_of_one_run_are_named_by_what_they_are() -> None:
    assert names_of(LearningCurves((ONE,))) == [["training", "validation"]]


def test_lines_of_several_runs_are_named_by_the_run_too() -> None:
    """Those of one run have the same colour, and training is dashed."""
    (chart,) = charts(LearningCurves((ONE, OLDER)))
    assert [(one.name, one.colour, one.dash) for one in chart.series] == [
        ("runs/one, training", 0, 2),
        ("runs/one, validation", 0, 0),
        ("runs/older, training", 1, 2),
        ("runs/older, validation", 1, 0),
    ]


@pytest.mark.parametrize(("quantity", "axis"), list(product(QUANTITIES, AXES)))
def test_every_quantity_against_every_axis(quantity: str, axis: str) -> None:
    """A run that does not know a quantity or its place has no line."""
    ((_, *_),) = names_of(LearningCurves((ONE,), ((quantity, axis),)))
    older = names_of(LearningCurves((OLDER,), ((quantity, axis),)))
    assert bool(older) == (quantity == "bits" and axis != "chars")


def test_the_norm_of_the_gradient_is_on_a_logarithmic_scale() -> None:
    drawn = tuple((quantity, "steps") for quantity in QUANTITIES)
    assert [chart.log_y for chart in charts(LearningCurves((ONE,), drawn))] == [False, True, False, False]


def test_the_summary() -> None:
    """What an older version did not count stays empty."""
    text = shown(REPORT, LearningCurves((ONE, OLDER), ()))
    assert re.search(r"^runs/one +5 +50 +2 +4\.3281 +3\.9674 +5$", text, re.M)
    assert re.search(r"^runs/older +8 +2 +1\.4427 +3\.6067 +4$", text, re.M)


def test_without_a_curve_a_page_has_no_part_on_it() -> None:
    assert curve_parts({}) == []
