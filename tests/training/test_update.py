"""The update: clipping, step and average in one, and what it says of numbers that are not finite."""

import math

import numpy as np
import pytest

from charseq.config import OptimConfig
from charseq.network.parameters import Gradient, Parameters
from charseq.training.update import Update

OPTIM = OptimConfig(optimizer="sgd", momentum=0.0, max_grad_norm=1.0, average_span=1.0)


def make(*, by_rows: bool = False) -> tuple[Parameters, Update]:
    params = Parameters({"W": (2, 2), "projection.V": (5, 2)}, np.float64)
    return params, Update(params, OPTIM, "numpy", by_rows=by_rows)


def gradient(params: Parameters, value: float, *, by_rows: bool = False) -> Gradient:
    grads = params.like(by_rows=by_rows)
    grads["W"][...] = value
    grads.set_rows_("projection.V", np.array([3], np.int32), np.full((1, 2), value))
    return grads


@pytest.mark.parametrize("by_rows", [False, True])
def test_a_long_gradient_is_clipped_to_its_norm_over_all_that_was_touched(by_rows: bool) -> None:
    """Six numbers of 10 have a norm of 24.49, and the step has that of the limit."""
    params, update = make(by_rows=by_rows)
    grads = gradient(params, 10.0, by_rows=by_rows)
    norm = update(grads, learning_rate=0.5, after_step=lambda _: None)
    assert norm == pytest.approx(math.sqrt(600))
    assert np.linalg.norm(params.flat) == pytest.approx(0.5)
    assert np.flatnonzero(params["projection.V"]).tolist() == [6, 7]


@pytest.mark.parametrize("by_rows", [False, True])
def test_the_average_takes_what_the_source_makes_of_a_step(by_rows: bool) -> None:
    """Parameters that `after_step` changes are averaged as they are then."""
    params, update = make(by_rows=by_rows)

    def halve(given: Parameters) -> None:
        given.flat *= 0.5

    update(gradient(params, 0.1, by_rows=by_rows), learning_rate=1.0, after_step=halve)
    assert params["W"][0, 0] == pytest.approx(-0.05)
    np.testing.assert_allclose(update.average.now(), params.flat, rtol=1e-12)


@pytest.mark.parametrize("by_rows", [False, True])
def test_a_gradient_that_is_not_finite_changes_nothing(by_rows: bool) -> None:
    """It is told by the norm, and the parameters are as before."""
    params, update = make(by_rows=by_rows)
    grads = gradient(params, math.nan, by_rows=by_rows)
    assert math.isnan(update(grads, learning_rate=1.0, after_step=lambda _: None))
    assert not params.flat.any()


@pytest.mark.parametrize("by_rows", [False, True])
def test_parameters_that_are_not_finite_are_told(by_rows: bool) -> None:
    """A step that overflows is no step."""
    params, update = make(by_rows=by_rows)
    grads = gradient(params, 1.0, by_rows=by_rows)
    with np.errstate(over="ignore"):
        assert not math.isfinite(update(grads, learning_rate=1e200, after_step=lambda _: None))


def test_a_new_start_forgets_the_steps() -> None:
    """The average begins at the parameters as they are, and steps are counted from zero."""
    params, update = make()
    update(gradient(params, 0.1), learning_rate=1.0, after_step=lambda _: None)
    params.flat[...] = 7
    update.reset_()
    assert update.optimizer.num_steps == 0
    assert np.all(update.average.now() == 7)
