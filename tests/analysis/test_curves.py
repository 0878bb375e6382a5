"""Learning curves: each figure at the place that it is about, for records of any version."""

import json
from pathlib import Path
from typing import Any

import pytest

from charseq.analysis.curves import FIGURES, TRAINING, VALIDATION, Curve, Place, Point, curve_of, curves_of
from charseq.scoring import bits

NO_VALIDATION = {"train_nats_per_char": None, "valid_nats_per_char": None}
RECORDS: list[dict[str, Any]] = [
    {
        **NO_VALIDATION,
        "step": 1,
        "elapsed": 0.5,
        "num_chars": 10,
        "recent_nats_per_char": 4.5,
        "grad_norm": 2.0,
        "clipped_fraction": 1.0,
        "weight_norm": 8.0,
    },
    {
        "step": 5,
        "elapsed": 2.5,
        "num_chars": 50,
        "recent_nats_per_char": 3.0,
        "train_nats_per_char": 3.3,
        "valid_nats_per_char": 2.75,
        "grad_norm": 1.0,
        "clipped_fraction": 0.5,
        "weight_norm": 9.0,
    },
]
OLD = [
    {"step": 4, "elapsed": 1.0, "train_nats_per_char": 2.0, "valid_nats_per_char": 2.5},
    {"step": 8, "elapsed": 2.0, "train_nats_per_char": 1.0, "valid_nats_per_char": None},
]


def test_the_first_loss_is_at_step_0() -> None:
    """It is that of the weights before any update."""
    assert curve_of("a", RECORDS).of(TRAINING)[0] == Point(TRAINING, bits(4.5), 0, 0, 0)


def test_a_mean_over_steps_is_in_the_middle_of_them() -> None:
    """Steps 2 to 5 see the weights after 1, 2, 3 and 4 updates: that is 2.5 on average."""
    curve = curve_of("a", RECORDS)
    middle = (2.5, 10 + 0.375 * 40, 0.5 + 0.375 * 2)
    assert curve.of(TRAINING)[1] == Point(TRAINING, bits(3.0), *middle)
    assert curve.of("grad_norm")[1] == Point("grad_norm", 1.0, *middle)
    assert curve.of("clipped_fraction")[1] == Point("clipped_fraction", 0.5, *middle)


def test_figures_of_a_moment_are_at_their_step() -> None:
    """These are a validation and the norm of the weights."""
    curve = curve_of("a", RECORDS)
    assert curve.of(VALIDATION) == [Point(VALIDATION, bits(2.75), 5, 50, 2.5)]
    assert curve.of("weight_norm") == [
        Point("weight_norm", 8, 1, 10, 0.5),
        Point("weight_norm", 9, 5, 50, 2.5),
    ]


def test_records_of_an_older_version() -> None:
    """Their training loss is since the last validation; characters are unknown, and so are norms."""
    curve = curve_of("a", OLD)
    assert curve.of(TRAINING) == [
        Point(TRAINING, bits(2.0), 1.5, None, 0.375),
        Point(TRAINING, bits(1.0), 5.5, None, 1.375),
    ]
    assert {figure for figure in FIGURES if curve.of(figure)} == {TRAINING, VALIDATION}


def test_two_records_at_one_step() -> None:
    """A validation right after a record has no steps of its own: there is no mean over none."""
    again = {**RECORDS[1], "recent_nats_per_char": None, "grad_norm": None, "clipped_fraction": None}
    curve = curve_of("a", [RECORDS[0], {**RECORDS[1], **NO_VALIDATION}, again])
    assert [len(curve.of(figure)) for figure in FIGURES] == [2, 1, 2, 2, 3]


def test_the_best_validation_and_the_end() -> None:
    curve = curve_of("a", [*RECORDS, {**RECORDS[1], "step": 9, "valid_nats_per_char": 3.0}])
    assert curve.best == Point(VALIDATION, bits(2.75), 5, 50, 2.5)
    assert curve.end == Place(9, 50, 2.5)
    assert curve_of("a", RECORDS[:1]).best is None


@pytest.mark.parametrize("is_there", [False, True])
def test_runs_without_records_have_no_curve(tmp_path: Path, is_there: bool) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    if is_there:
        lines = "".join(f"{json.dumps(record)}\n" for record in RECORDS)
        (tmp_path / "b" / "metrics.jsonl").write_text(lines)
    curves = curves_of({name: tmp_path / name for name in "ab"})
    assert curves == ((curve_of("b", RECORDS),) if is_there else ())
    assert all(isinstance(curve, Curve) for curve in curves)
