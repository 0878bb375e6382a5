"""A task is one file and one registration: it is listed, learnt, and has the best possible beside figures."""

import json

import pytest

from charseq.cli.app import run
from charseq.registry import TASKS


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the task."""
    monkeypatch.setitem(TASKS, "coin", "tests.extensions.coin_task:Coin()")  # type: ignore[arg-type]


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return what a command prints."""
    assert run(list(arguments)) == 0
    return capsys.readouterr().out


def test_the_task_is_listed_and_described(capsys: pytest.CaptureFixture[str]) -> None:
    """It takes no number, and has the options of all tasks."""
    assert "builtin:coin" in said(capsys, "data")
    facts = json.loads(said(capsys, "data", "builtin:coin,lines=100", "-f", "json"))[0]
    assert facts["task"] == "a coin that falls on heads three times of four"
    assert facts["num_lines"] == 100


def test_the_task_is_learnt_almost_perfectly(capsys: pytest.CaptureFixture[str]) -> None:
    """Counting is enough: the figure is near the best possible."""
    assert "0.4056 bits" in said(capsys, "train", "builtin:coin,lines=4000", "--ngram", "2", "-o", "coin")
    (row,) = json.loads(said(capsys, "evaluate", "coin", "builtin:coin,lines=4000,seed=5", "-f", "json"))
    assert row["bits_per_char"] == pytest.approx(row["optimum_bits_per_char"], rel=0.05)
