"""Tasks on the command line: the best possible stands beside each figure."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import TINY, Call

OPTIMUM = 3 / 13
"""Bits per character of the copy task with a lag of 10."""


@pytest.fixture
def copies(call: Call) -> list[str]:
    """Train a network and count n-grams on the copy task; return the names of the runs."""
    for name, options in (("net", TINY), ("ngram", ("--ngram", "2"))):
        outcome = call("train", "builtin:copy:10,lines=400", *options, "-o", name)
        assert outcome.code == 0, outcome.err
    return ["net", "ngram"]


def test_training_says_what_is_learnt_and_how_well_it_can_be(call: Call) -> None:
    """The lines are described on stderr; the summary has the optimum."""
    code, out, err = call("train", "builtin:copy:10,lines=400", *TINY, "-o", "run")
    assert code == 0
    assert "builtin:copy:10,lines=400: one of eight markers, 10 dots, the same marker again" in err
    assert "best possible    0.2308 bits per character\n" in out


def test_an_addition_alone_has_targets(call: Call) -> None:
    """With nothing else said, the sums are learnt and counted, and could be known."""
    out = call("train", "builtin:addition,lines=200", *TINY, "-o", "run").out
    assert "best possible    0.0000 bits per character\n" in out
    shown = call("evaluate", "run").out
    assert "the best possible is" in shown
    assert "exact targets (%)" in shown


def test_a_separate_validation_text_has_its_own_optimum(call: Call, tmp_path: Path) -> None:
    """The figures of another task are compared with its optimum; a file has none."""
    (tmp_path / "valid.txt").write_text("a..a\n" * 20)
    train = ("train", "builtin:copy:10,lines=200", *TINY)
    assert "0.5000 bits" in call(*train, "--valid", "builtin:copy:3,lines=50", "-o", "a").out
    assert "best possible" not in call(*train, "--valid", "valid.txt", "-o", "b").out


def test_evaluate_has_the_optimum_of_each_text(call: Call, copies: list[str], tmp_path: Path) -> None:
    """The own test part and tasks have one, a file none; together they have one only if it is the same."""
    (row,) = json.loads(call("evaluate", "net", "-f", "json").out)
    assert row["optimum_bits_per_char"] == OPTIMUM
    assert "the best possible is         0.2308" in call("evaluate", "net").out
    (tmp_path / "own.txt").write_text("a..a\n" * 20)
    texts = ("builtin:copy:3,lines=20", "own.txt")
    rows = json.loads(call("evaluate", "net", *texts, "-f", "json").out)
    assert [row["optimum_bits_per_char"] for row in rows] == [0.5, None, None]


def test_compare_has_it_for_all_models(call: Call, copies: list[str]) -> None:
    """It stands below the bits of the models."""
    rows = json.loads(call("compare", *copies, "--report", "model", "-f", "json").out)
    assert [row["optimum_bits_per_char"] for row in rows] == [OPTIMUM, OPTIMUM]
    assert "the best possible is" in call("compare", *copies).out
