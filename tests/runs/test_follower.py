"""A run on ranks that are threads: the files of a run on as many threads, resuming, and limits for all."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charseq.config import Settings
from charseq.errors import DataError
from charseq.ranks import World
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.follower import Follower, invite
from charseq.runs.metrics import read_metrics
from charseq.runs.run import Run
from charseq.training.events import Event, StepDone, Stopped, Validated
from tests.builders import timeless
from tests.ranks.threads import on_ranks

TEXT = "the rain in spain stays\nmainly in the plain, so they say\nand the king sings in the rain\n" * 4
SMALL: dict[str, dict[str, Any]] = {
    "data": {"valid_fraction": 0.1, "test_fraction": 0.0},
    "model": {"hidden_size": 6, "dropout": 0.2},
    "train": {"batch_size": 7, "seq_length": 5, "max_steps": 22, "eval_every": 6, "backend": "numpy"},
}


@pytest.fixture(autouse=True)
def _rounds_are_long_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let rounds of local steps grow to their whole length in the few steps of a small run."""
    monkeypatch.setattr("charseq.gradients.local.EARLY_SHARE", 1)


def settings_of(path: Path, **train: Any) -> Settings:
    """Return the settings of a small run on the text, which is written to a file."""
    text = path / "text.txt"
    text.write_text(TEXT)
    settings = Settings().with_layer(SMALL, "test").with_layer({"data": {"corpus": [str(text)]}}, "test")
    return settings.with_layer({"train": train}, "test")


def leading(run: Run, world: World) -> Iterator[Event]:
    """Lead a run whose followers have joined."""
    invite(run, world)
    yield from run.events()


def train_on(
    size: int, directory: Path, settings: Settings | None, *, stop_at: int = 0, changes: Any = ()
) -> list[list[Event]]:
    """Train on ranks and return the events at each; without settings, resume. `stop_at` kills at a step."""

    def work(world: World) -> list[Event]:
        events = list[Event]()
        if not world.leads:
            follower = Follower.join(world)
            assert follower is not None
            source = follower.events()
        elif settings is None:
            source = leading(Run.resume(directory, list(changes), world=world), world)
        else:
            source = leading(Run.start(directory, settings, command="", world=world), world)
        for event in source:
            events.append(event)
            if stop_at and isinstance(event, StepDone) and event.step == stop_at:
                break
        return events

    return on_ranks(size, work)


def assert_same_run(directory: Path, other: Path) -> None:
    """Check that two runs have the same weights, arrays, records and results, apart from times."""
    for name in ("last.safetensors", "model.safetensors"):
        ours, theirs = Checkpoint.load(directory / name), Checkpoint.load(other / name)
        for key, tensor in theirs.model.tensors().items():
            np.testing.assert_array_equal(ours.model.tensors()[key], tensor, err_msg=key)
        if ours.training is not None and theirs.training is not None:
            assert ours.training.arrays.keys() == theirs.training.arrays.keys()
            for key, array in theirs.training.arrays.items():
                np.testing.assert_array_equal(ours.training.arrays[key], array, err_msg=key)
            assert timeless(ours.training.record) == timeless(theirs.training.record)
    ours_, theirs_ = (
        [{**record, "elapsed": 0} for record in read_metrics(one)] for one in (directory, other)
    )
    assert ours_ == theirs_


@pytest.mark.parametrize(("size", "unit"), [(2, "line"), (3, "stream")])
def test_ranks_make_the_run_of_as_many_threads(size: int, unit: str, tmp_path: Path) -> None:
    """Weights, moments, states of all streams and records are those of shards, over several epochs."""
    settings = settings_of(tmp_path).with_layer({"data": {"unit": unit}}, "test")
    train_on(size, tmp_path / "ranks", settings)
    shards = settings.with_layer({"train": {"threads": size}}, "test")
    list(Run.start(tmp_path / "shards", shards, command="").events())
    assert_same_run(tmp_path / "ranks", tmp_path / "shards")


@pytest.mark.parametrize("sync_every", [1, 4])
def test_a_killed_run_goes_on_bit_for_bit(sync_every: int, tmp_path: Path) -> None:
    """Killed within a round and resumed, a run ends as it does in one go, with the moments of each rank."""
    settings = settings_of(tmp_path, sync_every=sync_every, save_every_steps=3)
    train_on(3, tmp_path / "whole", settings)
    train_on(3, tmp_path / "killed", settings, stop_at=15)
    assert Checkpoint.load(tmp_path / "killed/last.safetensors").results.step == (
        15 if sync_every == 1 else 12
    )
    train_on(3, tmp_path / "killed", None)
    assert_same_run(tmp_path / "killed", tmp_path / "whole")


def test_a_run_on_threads_goes_on_with_ranks(tmp_path: Path) -> None:
    """A run changes from shards to ranks without a change of a bit."""
    settings = settings_of(tmp_path, threads=2, save_every_steps=5)
    list(Run.start(tmp_path / "whole", settings, command="").events())
    for event in Run.start(tmp_path / "killed", settings, command="").events():
        if isinstance(event, StepDone) and event.step == 11:
            break
    train_on(2, tmp_path / "killed", None)
    assert_same_run(tmp_path / "killed", tmp_path / "whole")


def test_rounds_end_with_validations_saves_and_the_run(tmp_path: Path) -> None:
    """Validations wait for the end of a round; a run of 22 steps ends in the middle of one, and joins it."""
    events = train_on(2, tmp_path / "run", settings_of(tmp_path, sync_every=4))
    assert [event.step for event in events[0] if isinstance(event, Validated)] == [8, 16, 22]
    assert Checkpoint.load(tmp_path / "run/last.safetensors").training is not None


def test_every_rank_makes_the_same_steps(tmp_path: Path) -> None:
    """Validations, their scores, rates and the end come at the same steps at each rank."""
    events = train_on(3, tmp_path / "run", settings_of(tmp_path))
    first, *others = (
        [one for one in some if isinstance(one, StepDone | Validated | Stopped)] for some in events
    )
    assert isinstance(first[-1], Stopped)
    assert others == [first, first]


@pytest.mark.parametrize("sync_every", [1, 4])
def test_an_interrupted_run_ends_at_the_same_step_on_every_rank(sync_every: int, tmp_path: Path) -> None:
    """All let the rate fall in the same steps, and the run goes on bit for bit from where it was."""
    settings = settings_of(tmp_path, sync_every=sync_every)
    train_on(2, tmp_path / "whole", settings)

    def work(world: World) -> list[Event]:
        run = Run.start(tmp_path / "parts", settings, command="", world=world) if world.leads else None
        follower = None if run else Follower.join(world)
        part = run or follower
        assert part is not None
        events = leading(run, world) if run else part.events()
        found = list[Event]()
        for event in events:
            found.append(event)
            if isinstance(event, StepDone) and event.step == 16:
                part.interrupt()
        return found

    first, second = on_ranks(2, work)
    rates, rates_too = (
        [(one.step, one.learning_rate) for one in some if isinstance(one, StepDone)]
        for some in (first, second)
    )
    assert rates == rates_too
    assert first[-1] == second[-1] == Stopped(20, "interrupted")
    train_on(2, tmp_path / "parts", None)
    assert_same_run(tmp_path / "parts", tmp_path / "whole")


def test_the_limit_in_time_is_on_the_clock_of_rank_0(tmp_path: Path) -> None:
    """With a clock that ticks whenever a rank looks at it, ranks stop at the same step all the same."""
    settings = settings_of(tmp_path, max_steps=0, max_time=40.0)
    ticks = iter(range(10**6))

    def work(world: World) -> int:
        follower = Follower.join(world) if not world.leads else None
        run = Run.start(tmp_path / "run", settings, command="", world=world) if world.leads else None
        events = leading(run, world) if run else follower.events() if follower else iter(())
        return max(event.step for event in events if isinstance(event, StepDone))

    steps = on_ranks(2, work, clock=lambda: float(next(ticks)))
    assert steps[0] == steps[1] > 3


def test_a_follower_refuses_another_text(tmp_path: Path) -> None:
    """A machine whose file of that name has another text cannot take part."""
    settings = settings_of(tmp_path)

    def work(world: World) -> None:
        if world.leads:
            run = Run.start(tmp_path / "run", settings, command="", world=world)
            (tmp_path / "text.txt").write_text(TEXT * 2)
            invite(run, world)
        else:
            Follower.join(world)

    with pytest.raises(DataError, match="not the text that rank 0 reads"):
        on_ranks(2, work)


def test_nobody_follows_where_nothing_is_trained() -> None:
    """A model that is made by counting is the work of rank 0."""
    assert on_ranks(2, lambda world: invite(None, world) if world.leads else Follower.join(world)) == [
        None,
        None,
    ]
