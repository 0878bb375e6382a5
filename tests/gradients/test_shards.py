"""Shards: the same numbers as the whole, and processes that start, fail and end as they should."""

import os
import signal
import sys
import threading
import time

import numpy as np
import pytest

from charseq.cells import CELLS
from charseq.errors import CharseqError
from charseq.gradients import Job, Plan
from charseq.gradients import shards as parallel
from charseq.gradients.shards import Shards
from charseq.text.batches import Window
from tests.gradients.builders import T, V, learnt, make_job, make_window


@pytest.fixture(params=[True, False], ids=["processes", "threads"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let shards be processes, or threads, as where forking is not safe."""
    monkeypatch.setattr(parallel, "CAN_FORK", request.param and parallel.CAN_FORK)


@pytest.mark.usefixtures("kind")
@pytest.mark.parametrize("weighted", [False, True], ids=["all", "weights"])
@pytest.mark.parametrize("resets", [False, True], ids=["stream", "resets"])
@pytest.mark.parametrize("num_streams", [2, 3, 17])
@pytest.mark.parametrize("cell", CELLS)
def test_shards_equal_the_whole(cell: str, num_streams: int, resets: bool, weighted: bool) -> None:
    """Loss, gradient and state of a batch in two shards are those of the batch in one, to rounding."""
    job = make_job(cell, num_streams=num_streams, resets=resets)
    windows = [make_window(num_streams, resets=resets, weighted=weighted, seed=k) for k in range(3)]
    losses, gradients, state = learnt(job, Plan(), windows)
    shard_losses, shard_gradients, shard_state = learnt(job, Plan(2), windows)
    np.testing.assert_allclose(shard_losses, losses, rtol=1e-13)
    np.testing.assert_allclose(shard_gradients, gradients, rtol=0, atol=1e-13)
    for name, array in state.arrays.items():
        np.testing.assert_allclose(shard_state.arrays[name], array, rtol=0, atol=1e-13)


@pytest.mark.usefixtures("kind")
def test_the_same_number_of_shards_gives_the_same_bits() -> None:
    """Two runs with three shards agree to the last bit, with dropout too."""
    job = make_job(num_streams=7, dtype=np.float32, dropout=0.3)
    windows = [make_window(7, seed=k) for k in range(4)]
    first, again = learnt(job, Plan(3), windows), learnt(job, Plan(3), windows)
    assert first[0] == again[0]
    np.testing.assert_array_equal(first[1], again[1])


def test_dropout_differs_by_step_and_by_shard() -> None:
    """The same text read by two shards, or again at the next step, is seen through other masks."""
    job, half = make_job(num_streams=2, dropout=0.5, num_layers=1), make_window(1)
    both = Window(*(np.hstack([part, part]) for part in half[:2]), None)
    _, (twice, later), _ = learnt(job, Plan(2), [both, both])
    alone = Job(job.model, T, 1, resets=False, seed=job.seed)
    _, (once,), _ = learnt(alone, Plan(), [half])
    assert not np.allclose(twice, once)
    assert not np.allclose(later, twice)


@pytest.mark.usefixtures("kind")
def test_shards_see_every_change_of_the_parameters() -> None:
    """After an update in place the shards multiply with the new parameters."""
    job = make_job()
    state = job.model.initial_state(6)
    with Shards(job, state, Plan(2)) as shards:
        shards.gradient(make_window(6), 0)
        job.model.params.flat *= 0.5
        state.reset_()
        loss, _ = shards.gradient(make_window(6, seed=1), 1)
    state.reset_()
    with Shards(job, state, Plan()) as whole:
        assert loss == pytest.approx(whole.gradient(make_window(6, seed=1), 1)[0], rel=1e-13)


@pytest.mark.usefixtures("kind")
def test_a_short_window() -> None:
    """A window of fewer steps than the shards were made for is read as it is."""
    job, windows = make_job(), [make_window(6, num_steps=2)]
    np.testing.assert_allclose(learnt(job, Plan(2), windows)[1], learnt(job, Plan(), windows)[1], atol=1e-13)


def test_shards_of_a_compiled_model_are_threads_and_give_the_bits_of_processes() -> None:
    """Compiled code lets other threads run, so no process is needed, and nothing of the result changes."""
    pytest.importorskip("numba")
    results = []
    for as_threads in (True, False):
        job = make_job(dtype=np.float32)
        job.model.use_backend_("numba")
        assert job.model.is_compiled
        job.model.is_compiled = as_threads
        with Shards(job, job.model.initial_state(6), Plan(2)) as shards:
            assert isinstance(shards.workers[0], threading.Thread) is as_threads or not parallel.CAN_FORK
            loss, grads = shards.gradient(make_window(6), 0)
            results.append((loss, grads.flat.copy()))
    assert results[0][0] == results[1][0]
    np.testing.assert_array_equal(results[0][1], results[1][1])


def test_threads_hand_over_the_lock_sooner_while_they_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Afterwards the interval is what it was."""
    monkeypatch.setattr(parallel, "CAN_FORK", False)
    job, before = make_job(), sys.getswitchinterval()
    with Shards(job, job.model.initial_state(6), Plan(2)):
        assert sys.getswitchinterval() == pytest.approx(parallel.SWITCH_SECONDS)
    assert sys.getswitchinterval() == before


def test_no_process_is_left() -> None:
    """When training is over, so are the workers."""
    job = make_job()
    with Shards(job, job.model.initial_state(6), Plan(3)) as shards:
        workers = shards.workers
        assert len(workers) == 2
        assert all(worker.is_alive() for worker in workers)
    assert not any(worker.is_alive() for worker in workers)


@pytest.mark.skipif(not parallel.CAN_FORK, reason="shards are threads here")
def test_a_killed_worker_is_an_error() -> None:
    """A worker that the system has killed ends training with an error that says so."""
    job = make_job()
    with Shards(job, job.model.initial_state(6), Plan(2)) as shards:
        os.kill(shards.workers[0].pid, signal.SIGKILL)
        shards.workers[0].join()
        with pytest.raises(CharseqError, match="a worker process was killed"):
            shards.gradient(make_window(6), 0)


@pytest.mark.skipif(not parallel.CAN_FORK, reason="shards are threads here")
@pytest.mark.parametrize("wish", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_leaves_signals_to_its_parent(wish: signal.Signals) -> None:
    """A Ctrl-C reaches every process of a terminal; the workers go on, so that the step can be finished."""
    job = make_job()
    with Shards(job, job.model.initial_state(6), Plan(2)) as shards:
        shards.gradient(make_window(6), 0)  # it is up and has said that it ignores them
        os.kill(shards.workers[0].pid, wish)
        shards.gradient(make_window(6), 1)


@pytest.mark.skipif(not parallel.CAN_FORK, reason="shards are threads here")
def test_workers_end_with_their_parent() -> None:
    """When the training process is killed outright, its workers end by themselves."""
    job, (read, write) = make_job(), os.pipe()
    parent = os.fork()
    if parent == 0:
        with Shards(job, job.model.initial_state(6), Plan(3)) as shards:
            os.write(write, ",".join(str(worker.pid) for worker in shards.workers).encode())
            time.sleep(60)
    workers = [int(pid) for pid in os.read(read, 100).split(b",")]
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    deadline = time.monotonic() + 10
    while any(_is_running(pid) for pid in workers):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.usefixtures("kind")
def test_an_error_in_a_shard_is_raised() -> None:
    """What goes wrong in a worker is raised where the gradient was asked for."""
    job = make_job()
    with Shards(job, job.model.initial_state(6), Plan(2)) as shards:
        window = make_window(6)
        window.targets[0, -1] = V + 1
        with pytest.raises(IndexError):
            shards.gradient(window, 0)


@pytest.mark.skipif(not parallel.CAN_FORK, reason="shards are threads here")
def test_a_worker_that_cannot_be_started_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that allows no further process is named for it, and the workers before it are ended."""
    job, fork, forked = make_job(), os.fork, []

    def fork_once() -> int:
        if forked:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        forked.append(True)
        return fork()

    monkeypatch.setattr(os, "fork", fork_once)
    shards = Shards(job, job.model.initial_state(6), Plan(3))
    with pytest.raises(CharseqError, match="cannot be started: Resource temporarily unavailable"), shards:
        pass
    assert len(shards.workers) == 1
    assert not shards.workers[0].is_alive()
