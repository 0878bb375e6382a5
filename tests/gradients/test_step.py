"""The training step: what it allocates once it is warm, and what its random numbers depend on."""

import tracemalloc

import numpy as np
import pytest

from charseq.cells import CELLS
from charseq.config import BackendName, ModelConfig, OptimConfig
from charseq.gradients import Job, Plan
from charseq.gradients.sources import backpropagation
from charseq.gradients.step import TrainingStep, batch_weight
from charseq.network import CharModel
from charseq.training.update import Update
from tests.builders import pairwise
from tests.complex_step import check_gradients
from tests.gradients.builders import T, make_job, make_window

MOST_BYTES = 16 * 1024
"""The most bytes of new memory that a warm step may hold at a time."""


def allocated(
    model: CharModel, num_streams: int, *, resets: bool, weighted: bool, backend: BackendName
) -> int:
    """Return the most bytes of new memory that a warm step holds at a time: gradient, clipping and update."""
    model.initialise_(np.random.default_rng(0))
    model.use_backend_(backend)
    job = Job(model, 64, num_streams, resets=resets, seed=0)
    window = make_window(num_streams, num_steps=64, resets=resets, weighted=weighted)
    optim = OptimConfig(optimizer="nadamw")
    update = Update(model.params, optim, backend, by_rows=job.loss.by_rows)
    with backpropagation(job, model.initial_state(num_streams), Plan()) as source:

        def step() -> None:
            _, grads = source.gradient(window, 0)
            update(grads, learning_rate=1e-3, after_step=source.after_step)

        step()
        step()
        tracemalloc.start()
        step()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak


@pytest.mark.parametrize(
    ("cell", "num_streams", "dropout", "resets", "embedding_size"),
    pairwise(list(CELLS), [5, 16], [0.0, 0.5], [False, True], [0, 32]),
)
def test_a_warm_training_step_allocates_little(
    cell: str, num_streams: int, dropout: float, resets: bool, embedding_size: int
) -> None:
    """Gradient, clipping, update and average take less than 16 KiB, whatever the sizes."""
    config = ModelConfig(
        cell=cell,  # type: ignore[arg-type]
        hidden_size=64,
        num_layers=2,
        dropout=dropout,
        embedding_size=embedding_size,
    )
    model = CharModel(config, 65)
    assert allocated(model, num_streams, resets=resets, weighted=False, backend="numpy") < MOST_BYTES


@pytest.mark.parametrize(
    ("cell", "num_streams", "backend", "weighted"),
    pairwise(list(CELLS), [1, 5, 16], ["numpy", "numba"], [False, True]),
)
def test_a_warm_step_allocates_little_with_every_backend(
    cell: str, num_streams: int, backend: BackendName, weighted: bool
) -> None:
    """Also with weights of targets, which are another sum of the loss."""
    if backend == "numba":
        pytest.importorskip("numba")
    config = ModelConfig(cell=cell, hidden_size=64, num_layers=2, dropout=0.2)  # type: ignore[arg-type]
    model = CharModel(config, 65)
    assert allocated(model, num_streams, resets=True, weighted=weighted, backend=backend) < MOST_BYTES


# ---- gradients


@pytest.mark.parametrize("weighted", [False, True], ids=["all", "weights"])
@pytest.mark.parametrize("cell", CELLS)
def test_the_gradient_of_a_step(cell: str, weighted: bool) -> None:
    """Forward, loss and backward together have the derivatives of the complex step, for every parameter."""
    job = make_job(cell, num_streams=2, dtype=np.complex128, hidden_size=3, embedding_size=2)
    window = make_window(2, weighted=weighted)

    state = job.model.initial_state(2)
    step = TrainingStep(job, state, slice(0, 2))

    def loss() -> complex:
        state.reset_()
        return step(window, 0, total_weight=batch_weight(window))

    loss()
    grads = {name: array.copy() for name, array in step.grads.items()}
    check_gradients(loss, job.model.params, grads)


def test_a_window_in_which_nothing_counts() -> None:
    """Where all weights are zero the loss is zero, and so is every gradient."""
    job, window = make_job(), make_window(6)._replace(weights=np.zeros((T, 6)))
    step = TrainingStep(job, job.model.initial_state(6), slice(0, 6))
    step.grads.flat.fill(9)
    assert step(window, 0, total_weight=batch_weight(window)) == 0
    assert not step.grads.flat.any()
