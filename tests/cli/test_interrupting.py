"""The answer to a signal: by which one it is, and by how far the run is."""

import signal
from types import SimpleNamespace
from typing import Any

import pytest

from charseq.cli.console import PIPE
from charseq.cli.interrupting import Answer, answer


def trainer_at(step: int, reason: str | None = None) -> Any:
    return SimpleNamespace(progress=SimpleNamespace(step=step), reason_to_stop=reason)


def test_ctrl_c_lets_the_rate_fall_first() -> None:
    """Once there is something to keep."""
    assert answer(signal.SIGINT, trainer_at(1)) is Answer.COOL_DOWN
    assert answer(signal.SIGINT, trainer_at(0)) is Answer.END


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP, PIPE])
@pytest.mark.parametrize("trainer", [trainer_at(0), trainer_at(7), trainer_at(7, "steps done: 7")])
def test_other_signals_end_a_run_at_once(signum: int, trainer: Any) -> None:
    """Who sends them does not wait."""
    assert answer(signum, trainer) is Answer.END


def test_a_run_at_its_end_is_finished_all_the_same() -> None:
    """Mixing and choosing rates take less time than doing them again."""
    assert answer(signal.SIGINT, trainer_at(7, "steps done: 7")) is Answer.GO_ON
