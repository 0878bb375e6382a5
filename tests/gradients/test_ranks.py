"""The gradient on ranks: the bits of as many shards, and what every rank then knows."""

import numpy as np
import pytest

from charseq.gradients import Job, Plan
from charseq.gradients.ranks import Ranks
from charseq.gradients.sampled import SampledSoftmax
from charseq.ranks import World
from charseq.text.batches import Window
from tests.gradients.builders import Array, learnt, make_job, make_window
from tests.ranks.threads import on_ranks


def learnt_on(
    size: int, job: Job, windows: list[Window]
) -> list[tuple[list[float], list[Array], list[Array]]]:
    """Return at each rank the loss and the gradient of each window in turn, and the gathered state."""

    def work(world: World) -> tuple[list[float], list[Array], list[Array]]:
        state = job.model.initial_state(job.num_streams)
        losses, gradients = list[float](), list[Array]()
        with Ranks(job, state, world) as source:
            for step, window in enumerate(windows):
                loss, grads = source.gradient(window, step)
                losses.append(loss)
                gradients.append(grads.flat.copy())
            source.gather_()
        return losses, gradients, list(state.arrays.values())

    return on_ranks(size, work)


@pytest.mark.parametrize("weighted", [False, True], ids=["all", "weights"])
@pytest.mark.parametrize("resets", [False, True], ids=["stream", "resets"])
@pytest.mark.parametrize("size", [2, 3])
def test_ranks_have_the_bits_of_as_many_shards(size: int, resets: bool, weighted: bool) -> None:
    """Loss, gradient and state of every stream are those of shards at every rank, with dropout too."""
    job = make_job(num_streams=7, resets=resets, dtype=np.float32, dropout=0.3)
    windows = [make_window(7, resets=resets, weighted=weighted, seed=k) for k in range(3)]
    losses, gradients, state = learnt(job, Plan(size), windows)
    for found_losses, found_gradients, found_state in learnt_on(size, job, windows):
        assert found_losses == losses
        np.testing.assert_array_equal(found_gradients, gradients)
        for found, array in zip(found_state, state.arrays.values(), strict=True):
            np.testing.assert_array_equal(found, array)


def test_gradients_by_rows_have_the_bits_of_shards_too() -> None:
    """With a sampled loss, ranks touch different tokens, and all get the sum of the rows."""
    plain = make_job(num_streams=6, dtype=np.float32)
    loss = SampledSoftmax(np.full(7, 1 / 7), 3)
    job = Job(plain.model, plain.num_steps, 6, resets=False, seed=3, loss=loss)
    windows = [make_window(6, seed=k) for k in range(2)]
    losses, gradients, _ = learnt(job, Plan(3), windows)
    for found_losses, found_gradients, _ in learnt_on(3, job, windows):
        assert found_losses == losses
        np.testing.assert_array_equal(found_gradients[-1], gradients[-1])


def test_all_clip_by_the_norm_of_rank_0() -> None:
    """Norms that differ in their last bits become one."""
    job = make_job()

    def work(world: World) -> float:
        return Ranks(job, job.model.initial_state(6), world).agreed(1.0 + world.rank)

    assert on_ranks(3, work) == [1.0, 1.0, 1.0]
