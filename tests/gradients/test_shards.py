import itertools
import os
import signal
import time
import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.cells import CELLS
from charseq.config import ModelConfig, OptimConfig
from charseq.errors import CharseqError
from charseq.gradients import shards as parallel
from charseq.gradients.shards import Job, Plan, Shards, fastest_plan, num_cores, plans
from charseq.network import CharModel, State
from charseq.optim import clip_, make_optimizer
from charseq.text.batches import Window

Array = NDArray[Any]
V, T = 7, 5


def make_job(
    cell: str = "lstm", *, num_streams: int = 6, resets: bool = False, dtype: type = np.float64, **sizes: Any
) -> Job:
    model = CharModel(ModelConfig(cell=cell, **({"hidden_size": 4, "num_layers": 2} | sizes)), V, dtype)  # type: ignore[arg-type]
    model.params.flat[...] = np.random.default_rng(1).normal(0, 0.5, model.params.flat.size)
    return Job(model, T, num_streams, resets=resets, seed=3)


def make_window(num_streams: int, *, num_steps: int = T, resets: bool = False, seed: int = 0) -> Window:
    rng, shape = np.random.default_rng(seed), (num_steps, num_streams)
    inputs = rng.integers(-1, V, shape).astype(np.int32)
    return Window(
        inputs, rng.integers(0, V, shape).astype(np.int32), rng.random(shape) < 0.3 if resets else None
    )


def learnt(job: Job, plan: Plan, windows: list[Window]) -> tuple[list[float], list[Array], State]:
    """Return the loss and gradient of each window in turn, and the final state."""
    state = job.model.initial_state(job.num_streams)
    losses, gradients = [], []
    with Shards(job, state, plan) as shards:
        for step, window in enumerate(windows):
            loss, grads = shards.gradient(window, step)
            losses.append(loss)
            gradients.append(grads.flat.copy())
    return losses, gradients, state


@pytest.fixture(params=[True, False], ids=["processes", "threads"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let shards be processes, or threads, as where forking is not safe."""
    monkeypatch.setattr(parallel, "CAN_FORK", request.param and parallel.CAN_FORK)


@pytest.mark.usefixtures("kind")
@pytest.mark.parametrize("resets", [False, True], ids=["stream", "resets"])
@pytest.mark.parametrize("num_streams", [2, 3, 17])
@pytest.mark.parametrize("cell", CELLS)
def test_shards_equal_the_whole(cell: str, num_streams: int, resets: bool) -> None:
    """Loss, gradient and state of a batch in two shards are those of the batch in one, to rounding."""
    job = make_job(cell, num_streams=num_streams, resets=resets)
    windows = [make_window(num_streams, resets=resets, seed=k) for k in range(3)]
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


def test_plans_fit_the_machine() -> None:
    """One core has one plan; a shard has two streams at least; no plan wants more cores than there are."""
    assert plans(1, 64) == [Plan()]
    assert plans(2, 16) == [Plan(), Plan(1, 2), Plan(2)]
    assert plans(8, 3) == [Plan(), Plan(1, 8)]
    for cores, streams in itertools.product((2, 4, 10, 64), (4, 16, 64)):
        tried = plans(cores, streams)
        assert len(set(tried)) == len(tried) <= 5
        assert all(2 * plan.num_shards <= max(2, streams) for plan in tried)
        assert all(plan.num_shards * plan.blas_threads <= cores for plan in tried)


def test_there_is_a_core() -> None:
    """At least the core that runs the test is found."""
    assert num_cores() >= 1


@pytest.mark.parametrize(("seconds", "expected"), [((3, 2, 1), 2), ((3, 1, 2), 1), ((1, 2, 3), 0)])
def test_the_fastest_plan(seconds: tuple[float, ...], expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan that took the least time is taken, and the state is as it was before the trials."""
    job, tried = make_job(), [Plan(), Plan(1, 2), Plan(2)]
    monkeypatch.setattr(parallel, "num_cores", lambda: 2)
    state = job.model.initial_state(6)
    state.arrays["layers.0.h"][...] = 0.5

    def seconds_of(shards: Shards, window: Window) -> float:
        shards.gradient(window, 0)
        return seconds[tried.index(shards.plan)]

    monkeypatch.setattr(parallel, "_seconds", seconds_of)
    assert fastest_plan(job, state, make_window(6)) == tried[expected]
    assert (state.arrays["layers.0.h"] == 0.5).all()
    assert not state.arrays["layers.0.c"].any()


@pytest.mark.parametrize("limits", [{"max_steps": 2}, {"max_time": 2.0}])
def test_a_short_run_is_not_worth_a_trial(limits: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Training that is over before a trial would have paid is done on one core."""
    monkeypatch.setattr(parallel, "num_cores", lambda: 2)
    monkeypatch.setattr(parallel, "_seconds", lambda shards, window: 1 / shards.plan.num_shards)
    job = make_job()
    assert fastest_plan(job, job.model.initial_state(6), make_window(6), **limits) == Plan()


@pytest.mark.parametrize("embedding_size", [0, 32], ids=["one-hot", "embedding"])
@pytest.mark.parametrize("resets", [False, True], ids=["stream", "resets"])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("num_streams", [5, 16])
@pytest.mark.parametrize("cell", CELLS)
def test_a_warm_training_step_allocates_little(
    cell: str, num_streams: int, dropout: float, resets: bool, embedding_size: int
) -> None:
    """Gradient, clipping and update hold less than 16 KiB of new memory at a time, whatever the sizes."""
    config = ModelConfig(
        cell=cell,  # type: ignore[arg-type]
        hidden_size=64,
        num_layers=2,
        dropout=dropout,
        embedding_size=embedding_size,
    )
    model = CharModel(config, 65)
    model.initialise_(np.random.default_rng(0))
    job = Job(model, 64, num_streams, resets=resets, seed=0)
    window = make_window(num_streams, num_steps=64, resets=resets)
    optim = OptimConfig()
    optimizer = make_optimizer(optim, model.params)
    with Shards(job, model.initial_state(num_streams), Plan()) as shards:

        def step() -> None:
            _, grads = shards.gradient(window, 0)
            clip_(grads.flat, optim.max_grad_norm)
            optimizer.step(model.params, grads, learning_rate=1e-3)

        step()
        step()
        tracemalloc.start()
        step()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 16 * 1024
