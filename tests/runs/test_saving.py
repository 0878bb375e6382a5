"""The times of saves: by the clock, by steps, and only where ranks agree."""

from types import SimpleNamespace
from typing import Any

from charseq.config import TrainConfig
from charseq.runs.saving import SaveTimes


def trainer_at(step: int = 0) -> Any:
    """Return what SaveTimes looks at in a trainer; its clock is `now`."""
    found = SimpleNamespace(
        now=0.0, progress=SimpleNamespace(step=step), source=SimpleNamespace(is_settled=True)
    )
    found.clock = lambda: found.now
    return found


def saved_steps(trainer: Any, train: TrainConfig, num_steps: int, *, seconds: float = 1.0) -> list[int]:
    """Return the steps after which a run is saved, each of which takes so long."""
    times, found = SaveTimes(trainer, train), list[int]()
    for step in range(trainer.progress.step + 1, num_steps + 1):
        trainer.now, trainer.progress.step = trainer.now + seconds, step
        if times.is_due_():
            found.append(step)
    return found


def test_a_run_is_saved_at_intervals_of_time() -> None:
    """The interval begins at the last save that was due by time."""
    assert saved_steps(trainer_at(), TrainConfig(save_every=3.0), 10) == [3, 6, 9]
    assert saved_steps(trainer_at(), TrainConfig(save_every=0.0), 3) == [1, 2, 3]


def test_a_run_is_saved_at_intervals_of_steps() -> None:
    """They are multiples, counted from the beginning of the run, also after it was resumed."""
    train = TrainConfig(save_every=1e6, save_every_steps=4)
    assert saved_steps(trainer_at(), train, 10) == [4, 8]
    assert saved_steps(trainer_at(6), train, 13) == [8, 12]


def test_a_save_waits_until_ranks_agree() -> None:
    """What was due within a round of local steps is saved at its end, once."""
    trainer, found = trainer_at(), list[int]()
    times = SaveTimes(trainer, TrainConfig(save_every=1e6, save_every_steps=2))
    for step in range(1, 11):
        trainer.progress.step, trainer.source.is_settled = step, step % 5 == 0
        if times.is_due_():
            found.append(step)
    assert found == [5, 10]
