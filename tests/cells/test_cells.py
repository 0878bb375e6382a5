import tracemalloc
from collections.abc import Callable
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.cells import CELLS
from charseq.cells.cell import CellArrays, sigmoid_, sigmoid_and_tanh_, sigmoid_slope, tanh_slope
from tests import reference
from tests.complex_step import STEP, check_gradients

Array: TypeAlias = NDArray[Any]


def make_arrays(name: str, *, num_streams: int, hidden_size: int, dtype: type) -> CellArrays:
    """Allocate one step of a cell, as the recurrent layer does for many."""
    cell, N, H = CELLS[name], num_streams, hidden_size
    states: tuple[Array, ...] = tuple(np.zeros((2, H, N), dtype) for _ in cell.state_names)
    da_x: Array = np.zeros((1, cell.num_gates * H, N), dtype)
    return CellArrays(
        a_x=np.zeros_like(da_x),
        a_h=np.zeros_like(da_x[0]),
        states=states,
        previous=tuple(slots[:1] for slots in states),
        da_x=da_x,
        da_h=np.zeros_like(da_x) if cell.has_recurrent_bias else da_x,
        dstates=tuple(np.zeros((H, N), dtype) for _ in cell.state_names),
    )


def inputs(arrays: CellArrays) -> list[Array]:
    """Return what a step reads: a_x, a_h, then the previous states."""
    return [arrays.a_x[0], arrays.a_h, *(slots[0] for slots in arrays.states)]


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_is_registered_under_its_name(name: str) -> None:
    """A cell's key in CELLS is its name."""
    assert CELLS[name].name == name


def test_every_cell_has_a_plain_twin() -> None:
    """Each cell in CELLS has a step in tests/reference.py, with the same states."""
    assert {name: cell.state_names for name, cell in CELLS.items()} == reference.STATE_NAMES
    assert CELLS.keys() == reference.STEPS.keys()


@pytest.mark.parametrize("name", CELLS)
def test_a_step_equals_the_plain_twin(name: str) -> None:
    """One step forward gives the states of the textbook equations."""
    rng, cell, N, H = np.random.default_rng(0), CELLS[name], 3, 4
    arrays = make_arrays(name, num_streams=N, hidden_size=H, dtype=np.float64)
    (step,) = cell.allocate(arrays)
    W = rng.normal(size=(cell.num_gates * H, H))
    for array in inputs(arrays):
        array[...] = rng.normal(size=array.shape)
    b_h = rng.normal(size=H)
    arrays.a_h[...] = W @ arrays.states[0][0]
    weights = {"U": np.eye(len(W)), "W": W, "b": np.zeros(len(W))}
    if cell.has_recurrent_bias:
        arrays.a_h[-H:] += b_h[:, None]
        weights["b_h"] = b_h
    before = [array.copy() for array in inputs(arrays)]
    cell.forward(step)
    for n in range(N):
        previous = tuple(array[:, n] for array in before[2:])
        expected = reference.STEPS[name](before[0][:, n], previous, **weights)
        for slots, state in zip(arrays.states, expected, strict=True):
            np.testing.assert_allclose(slots[1][:, n], state, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", CELLS)
def test_the_gradient_of_a_step_equals_the_complex_step(name: str) -> None:
    """One step back gives the derivatives by a_x, a_h and every previous state, h(t-1) not through W.

    Of a cell that does not keep h, that derivative by h(t-1) is zero, and what `dh` holds has no meaning.
    """
    rng, cell = np.random.default_rng(1), CELLS[name]
    arrays = make_arrays(name, num_streams=2, hidden_size=3, dtype=np.complex128)
    (step,) = cell.allocate(arrays)
    names = ["a_x", "a_h", *(f"{state}_prev" for state in cell.state_names)]
    variables = {
        key: rng.normal(size=array.shape) + 0j for key, array in zip(names, inputs(arrays), strict=True)
    }
    weight = [rng.normal(size=gradient.shape) for gradient in arrays.dstates]

    def loss() -> complex:
        for array, variable in zip(inputs(arrays), variables.values(), strict=True):
            array[...] = variable
        cell.forward(step)
        return complex(sum(np.sum(w * slots[1]) for w, slots in zip(weight, arrays.states, strict=True)))

    loss()
    for gradient, w in zip(arrays.dstates, weight, strict=True):
        gradient[...] = w
    cell.backward(step)
    gradients = [arrays.da_x[0], arrays.da_h[0], *arrays.dstates]
    copies = {key: gradient.copy() for key, gradient in zip(names, gradients, strict=True)}
    if not cell.keeps_h:
        copies["h_prev"].fill(0)
    check_gradients(loss, variables, copies)


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("name", CELLS)
def test_gates_are_shut_far_below_zero_and_open_far_above(name: str, sign: int) -> None:
    """The gates of a cell are all of its blocks but the candidate: shut far below 0, open far above."""
    cell = CELLS[name]
    arrays = make_arrays(name, num_streams=2, hidden_size=3, dtype=np.float64)
    (step,) = cell.allocate(arrays)
    arrays.a_x[...] = sign * 50
    cell.forward(step)
    gates = [getattr(step, attribute) for attribute in cell.gates]
    assert len(gates) == cell.num_gates - 1
    assert not any(np.shares_memory(one, other) for one, other in combinations(gates, 2))
    for gate in gates:
        np.testing.assert_allclose(gate, np.full((3, 2), sign > 0), rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [1e2, 1e4])
@pytest.mark.parametrize("name", CELLS)
def test_saturated_gates_stay_finite(name: str, size: float) -> None:
    """Huge pre-activations of either sign overflow nowhere, forward or back, in float32."""
    rng, cell = np.random.default_rng(2), CELLS[name]
    arrays = make_arrays(name, num_streams=8, hidden_size=8, dtype=np.float32)
    (step,) = cell.allocate(arrays)
    arrays.a_x[...] = size * rng.choice([-1, 1], arrays.a_x.shape)
    for gradient in arrays.dstates:
        gradient.fill(1)
    cell.forward(step)
    cell.backward(step)
    for array in (*arrays.states, *arrays.dstates, arrays.da_x, arrays.da_h):
        assert np.isfinite(array).all()


@pytest.mark.parametrize(("N", "H"), [(512, 128), (17, 33), (1, 1)])
@pytest.mark.parametrize("name", CELLS)
def test_a_step_allocates_no_array(name: str, N: int, H: int) -> None:
    """A step forward and back allocates less than 4 KiB, whatever N and H are: every gate is one block."""
    cell = CELLS[name]
    arrays = make_arrays(name, num_streams=N, hidden_size=H, dtype=np.float32)
    (step,) = cell.allocate(arrays)
    tracemalloc.start()
    cell.forward(step)
    cell.backward(step)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * 1024


def test_sigmoid_equals_the_textbook() -> None:
    """The sigmoid by way of tanh equals 1 / (1 + exp(-a))."""
    a = np.linspace(-30, 30, 61)
    y = a.copy()
    sigmoid_(y)
    np.testing.assert_allclose(y, reference.sigma(a), rtol=0, atol=1e-15)


def test_sigmoid_saturates_without_overflow() -> None:
    """The sigmoid of -1e4 is 0 and of 1e4 is 1; floating-point errors would raise here."""
    a = np.array([-1e4, 0, 1e4])
    sigmoid_(a)
    assert a.tolist() == [0, 0.5, 1]


def test_a_part_becomes_the_sigmoid_and_the_rest_the_tanh() -> None:
    """The named part becomes the sigmoid, the rest the tanh."""
    a = np.random.default_rng(3).normal(size=(6, 2))
    y = a.copy()
    sigmoid_and_tanh_(y, y[:4])
    np.testing.assert_allclose(y, np.vstack([reference.sigma(a[:4]), np.tanh(a[4:])]), rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    ("activation", "slope"),
    [(reference.sigma, sigmoid_slope), (np.tanh, tanh_slope)],
    ids=["sigmoid", "tanh"],
)
def test_slopes_are_derivatives(activation: Callable[[Array], Array], slope: Callable[..., None]) -> None:
    """A slope, written in terms of the activation's value, is its derivative."""
    a = np.linspace(-4, 4, 9)
    out = np.empty_like(a)
    slope(activation(a), out=out)
    np.testing.assert_allclose(out, activation(a + STEP * 1j).imag / STEP, rtol=0, atol=1e-14)


# ---- compiled
