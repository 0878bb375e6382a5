"""Real-time recurrent learning: the gradient of backpropagation over the whole stream, forward in time."""

from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charseq.cells import CELLS
from charseq.config import ModelConfig, Settings
from charseq.errors import ConfigError
from charseq.gradients import Plan
from charseq.gradients.rtrl import Cost, real_time
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.directory import LAST
from charseq.runs.run import Run
from charseq.text.batches import Window
from tests import reference
from tests.builders import pairwise
from tests.gradients.builders import learnt, make_job, make_window

SMALL = {
    "model": {"hidden_size": 5},
    "train": {"gradient": "rtrl", "batch_size": 2, "seq_length": 1, "eval_every": 4},
    "optim": {"schedule": "constant"},
}


def windows_of(whole: Window, length: int) -> list[Window]:
    """Cut a window into shorter ones."""
    return [
        Window(*(None if part is None else part[t : t + length] for part in whole))
        for t in range(0, len(whole.inputs), length)
    ]


def summed(job: Any, windows: list[Window], total: float) -> tuple[float, Any]:
    """Return the loss and the gradient of all windows together, with the weights held fixed."""
    state = job.model.initial_state(job.num_streams)
    loss, gradient = 0.0, np.zeros_like(job.model.params.flat)
    with real_time(job, state, Plan()) as source:
        for step, window in enumerate(windows):
            mean, grads = source.gradient(window, step)
            loss += mean * window.total_weight / total
            gradient += grads.flat * (window.total_weight / total)
    return loss, gradient


@pytest.mark.parametrize(
    ("cell", "embedding_size", "resets", "length", "rms_norm"),
    pairwise(list(CELLS), [0, 3], [False, True], [1, 2, 4], [False, True]),
)
def test_windows_of_any_length_sum_up_to_the_gradient_over_the_whole_stream(
    cell: str, embedding_size: int, resets: bool, length: int, rms_norm: bool
) -> None:
    """Nothing is truncated: short windows give what one long window gives by backpropagation."""
    sizes = {"hidden_size": 3, "num_layers": 1, "embedding_size": embedding_size, "rms_norm": rms_norm}
    job = make_job(cell, num_streams=3, resets=resets, **sizes)
    whole = make_window(3, num_steps=4, resets=resets, weighted=True)
    (loss,), (gradient,), _ = learnt(job, Plan(), [whole])
    found_loss, found = summed(job, windows_of(whole, length), whole.total_weight)
    assert found_loss == pytest.approx(loss, abs=1e-12)
    np.testing.assert_allclose(found, gradient, rtol=0, atol=1e-12)


@pytest.mark.parametrize("norm", [reference.as_it_is, reference.rms_norm])
@pytest.mark.parametrize("cell", CELLS)
def test_sensitivities_are_the_derivatives_of_the_state(cell: str, norm: reference.Norm) -> None:
    """Each sensitivity after five steps is what the complex step gives, through all five of them."""
    rms_norm = norm is reference.rms_norm
    job = make_job(cell, num_streams=2, hidden_size=2, num_layers=1, rms_norm=rms_norm)
    window = make_window(2)
    state = job.model.initial_state(2)
    with real_time(job, state, Plan()) as source:
        source.gradient(window, 0)
        found = {name.removeprefix("sensitivities."): array for name, array in source.arrays().items()}
    params = {name: array.astype(np.complex128) for name, array in job.model.params.items()}
    names = [f"layers.0.{one}" for one in reference.STATE_NAMES[cell]]
    start = {name: np.zeros((2, 2), np.complex128) for name in names}

    def last() -> Any:
        final = reference.model(cell, params, window.inputs, start, norm=norm)[1]
        return np.concatenate([final[name] for name in names], axis=1)  # (N, K)

    for name, sensitivities in found.items():
        for place in np.ndindex(params[name].shape):
            params[name][place] += 1e-30j
            np.testing.assert_allclose(sensitivities[:, :, *place], last().imag / 1e-30, rtol=0, atol=1e-12)
            params[name][place] -= 1e-30j


def test_forgotten_streams_depend_on_nothing() -> None:
    """The sensitivities of the streams that are named become zero, those of others stay."""
    job = make_job(num_streams=3, num_layers=1)
    with real_time(job, job.model.initial_state(3), Plan()) as source:
        source.gradient(make_window(3), 0)
        source.forget_(np.array([True, False, True]))
        for array in source.arrays().values():
            assert not array[[0, 2]].any()
            assert array[1].any()
        source.forget_()
        assert not any(array.any() for array in source.arrays().values())


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"num_layers": 2}, "rtrl learns networks of one layer"),
        ({"num_layers": 1, "dropout": 0.5}, "rtrl knows no dropout"),
        ({"num_layers": 1, "hidden_size": 256}, "multiplications a character .* try a hidden_size of 32"),
    ],
)
def test_what_cannot_be_learnt_or_afforded_is_refused(sizes: dict[str, Any], message: str) -> None:
    """The message says what is too much, and what to do."""
    job = make_job(**sizes)
    with pytest.raises(ConfigError, match=message):
        real_time(job, job.model.initial_state(6), Plan())


def test_the_cost_is_that_of_the_products() -> None:
    """K rows and P parameters: K^2 P multiplications, and K P numbers of four bytes for each stream."""
    cost = Cost.of(ModelConfig(cell="lstm", hidden_size=8), 5)
    num_rows, num_parameters = 16, 32 * (8 + 5 + 1)
    assert cost == (num_rows**2 * num_parameters, 4 * num_rows * num_parameters, 3 * 32 * 8)


def test_a_run_resumes_with_the_same_bits(tmp_path: Path) -> None:
    """The sensitivities are a part of the run: stopping in the middle of the stream changes nothing."""
    text = tmp_path / "text.txt"
    text.write_text("the cat sat on the mat\n" * 40)
    settings = Settings().with_layer(SMALL | {"data": {"corpus": [str(text)]}}, "")

    def trained(directory: Path, max_steps: int) -> Any:
        limit = {"train": {"max_steps": max_steps}}
        if directory.exists():
            run = Run.resume(directory, [(limit, "")])
        else:
            run = Run.start(directory, settings.with_layer(limit, ""), command="")
        deque(run.events(), maxlen=0)
        return Checkpoint.load(directory / LAST).model.tensors()

    at_once = trained(tmp_path / "at once", 12)
    trained(tmp_path / "with a pause", 5)
    for name, array in trained(tmp_path / "with a pause", 12).items():
        np.testing.assert_array_equal(array, at_once[name])


@pytest.mark.parametrize("embedding_size", [0, 3])
@pytest.mark.parametrize("part", ["embedding", "layers.0.U", "layers.0.W", "layers.0", "projection"])
def test_frozen_parts_leave_the_gradient_of_the_rest(part: str, embedding_size: int) -> None:
    """A frozen parameter has no sensitivities, and the others the bits that they have otherwise."""
    job = make_job("gru", num_streams=2, hidden_size=3, num_layers=1, embedding_size=embedding_size)
    frozen = frozenset(name for name in job.model.params if name.startswith(part))
    some, window, found = replace(job, frozen=frozen), make_window(2), []
    for one in (job, some):
        with real_time(one, one.model.initial_state(2), Plan()) as source:
            found.append((source.gradient(window, 0)[1], source.arrays()))
    (whole, _), (grads, sensitivities) = found
    assert set(grads) == set(job.model.params) - frozen
    assert sensitivities.keys() == {f"sensitivities.{name}" for name in grads if "projection" not in name}
    for name in grads:
        np.testing.assert_array_equal(grads[name], whole[name], err_msg=name)
