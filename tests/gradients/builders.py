"""Small jobs and windows, and what a source makes of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from charseq.config import ModelConfig
from charseq.gradients import Job, Plan
from charseq.gradients.sources import backpropagation
from charseq.network import CharModel, State
from charseq.text.batches import Window

Array = NDArray[Any]
V, T = 7, 5


def make_job(
    cell: str = "lstm", *, num_streams: int = 6, resets: bool = False, dtype: type = np.float64, **sizes: Any
) -> Job:
    model = CharModel(ModelConfig(cell=cell, **({"hidden_size": 4, "num_layers": 2} | sizes)), V, dtype)  # type: ignore[arg-type]
    model.params.flat[...] = np.random.default_rng(1).normal(0, 0.5, model.params.flat.size)
    return Job(model, T, num_streams, resets=resets, seed=3)


def make_window(
    num_streams: int, *, num_steps: int = T, resets: bool = False, weighted: bool = False, seed: int = 0
) -> Window:
    rng, shape = np.random.default_rng(seed), (num_steps, num_streams)
    inputs = rng.integers(-1, V, shape).astype(np.int32)
    targets = rng.integers(0, V, shape).astype(np.int32)
    starts = rng.random(shape) < 0.3 if resets else None
    return Window(inputs, targets, starts, rng.choice([0.0, 0.5, 1.0], shape) if weighted else None)


def learnt(job: Job, plan: Plan, windows: list[Window]) -> tuple[list[float], list[Array], State]:
    """Return the loss and gradient of each window in turn, and the final state."""
    state = job.model.initial_state(job.num_streams)
    losses, gradients = [], []
    with backpropagation(job, state, plan) as source:
        for step, window in enumerate(windows):
            loss, grads = source.gradient(window, step)
            losses.append(loss)
            gradients.append(grads.flat.copy())
    return losses, gradients, state
