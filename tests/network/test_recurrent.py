from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.cells import CELLS
from charseq.network import embedding
from charseq.network import layer as layer_module
from charseq.network.layer import LayerWork, Scratch
from charseq.network.parameters import Parameters
from charseq.network.recurrent import RecurrentLayer
from tests import reference
from tests.builders import assert_close, pairwise
from tests.complex_step import check_gradients

Array: TypeAlias = NDArray[Any]

N, D, H = 2, 3, 3
SIZES = [(5, 2, 3, 3), (1, 2, 3, 3), (5, 1, 3, 3), (5, 2, 3, 1), (5, 2, 13, 3), (5, 1, 13, 3)]
"""T, N, D and H; an input of 13 is wider than all gates of 3 units together."""

INPUTS = ["vectors", "one-hot", "large one-hot"]
"""Vectors, tokens of a small vocabulary, and tokens of one that is taken in turns."""

every_case = pytest.mark.parametrize(
    ("cell", "size", "inputs", "with_resets", "rms_norm"),
    pairwise(list(CELLS), SIZES, INPUTS, [False, True], [False, True]),
)
every_cell = pytest.mark.parametrize("cell", CELLS)
with_and_without_resets = pytest.mark.parametrize("with_resets", [False, True], ids=["stream", "resets"])


def set_inputs(monkeypatch: pytest.MonkeyPatch, inputs: str) -> bool:
    """Make a one-hot matrix small where `inputs` says so; return whether the inputs are tokens."""
    if inputs == "large one-hot":
        for module in (embedding, layer_module):
            monkeypatch.setattr(module, "MAX_ONE_HOT", 2)
    return inputs != "vectors"


def make_layer(
    cell: str,
    *,
    one_hot: bool = False,
    input_size: int = D,
    hidden_size: int = H,
    rms_norm: bool = False,
    dtype: type = np.float64,
) -> tuple[RecurrentLayer, Parameters]:
    """Return a layer with random weights, none of them zero."""
    layer = RecurrentLayer(
        CELLS[cell],
        name="k",
        input_size=input_size,
        hidden_size=hidden_size,
        one_hot=one_hot,
        rms_norm=rms_norm,
    )
    params = Parameters(layer.shapes, dtype)
    params.flat[...] = np.random.default_rng(0).normal(0, 0.7, params.flat.size)
    return layer, params


def make_state(layer: RecurrentLayer, num_streams: int, dtype: type = np.float64) -> tuple[Array, ...]:
    rng = np.random.default_rng(1)
    shape = (num_streams, layer.hidden_size)
    return tuple(rng.normal(0, 0.7, shape).astype(dtype) for _ in layer.cell.state_names)


def make_inputs(num_steps: int, num_streams: int, *, one_hot: bool, input_size: int = D) -> Array:
    """Return vectors (T, D, N), or tokens (T, N) of which one is unseen."""
    rng = np.random.default_rng(2)
    if not one_hot:
        return rng.normal(size=(num_steps, input_size, num_streams))
    tokens = rng.integers(0, input_size, (num_steps, num_streams)).astype(np.int32)
    tokens[-1, -1] = -1
    return tokens


def make_resets(num_steps: int, num_streams: int) -> Array:
    """Return restarts in the middle of a window, at its first step, and after one step."""
    resets = np.zeros((num_steps, num_streams), np.bool_)
    resets[num_steps // 2, 0] = resets[0, -1] = resets[-1, -1] = True
    return resets


def allocate(layer: RecurrentLayer, num_steps: int, num_streams: int, dtype: type, resets: bool) -> LayerWork:
    """Return a layer's arrays, with a scratch that spoils whatever is read before it is written."""
    scratch = Scratch([layer], num_steps * num_streams, layer.input_size, np.dtype(dtype))
    for array in (scratch.da, scratch.inputs, scratch.sums):
        array.fill(np.nan)
    return layer.allocate(
        num_steps, num_streams, np.dtype(dtype), resets=resets, scratch=scratch, backward=True
    )


def weights_of(params: Parameters) -> dict[str, Array]:
    return {name.removeprefix("k."): array for name, array in params.items()}


@every_case
def test_a_layer_equals_the_plain_twin(
    cell: str,
    size: tuple[int, ...],
    inputs: str,
    with_resets: bool,
    rms_norm: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The outputs of a layer are those of the textbook equations, step by step."""
    one_hot = set_inputs(monkeypatch, inputs)
    num_steps, num_streams, input_size, hidden_size = size
    layer, params = make_layer(
        cell, one_hot=one_hot, input_size=input_size, hidden_size=hidden_size, rms_norm=rms_norm
    )
    x = make_inputs(num_steps, num_streams, one_hot=one_hot, input_size=input_size)
    resets = make_resets(num_steps, num_streams) if with_resets else None
    work = allocate(layer, num_steps, num_streams, np.float64, with_resets)
    h = layer.forward(x, params, make_state(layer, num_streams), work, resets)
    vectors = reference.one_hot(x, input_size) if one_hot else x.transpose(0, 2, 1)
    norm = reference.rms_norm if rms_norm else reference.as_it_is
    state = make_state(layer, num_streams)
    expected, _ = reference.layer(cell, weights_of(params), vectors, state, resets, norm=norm)
    assert_close(h.transpose(0, 2, 1), expected)


@with_and_without_resets
@every_cell
def test_a_layer_advances_the_state_in_place(cell: str, with_resets: bool) -> None:
    """After a window the state that was passed in is the state after its last step."""
    layer, params = make_layer(cell)
    x, state = make_inputs(5, N, one_hot=False), make_state(layer, N)
    resets = make_resets(5, N) if with_resets else None
    layer.forward(x, params, state, allocate(layer, 5, N, np.float64, with_resets), resets)
    vectors = x.transpose(0, 2, 1)
    _, expected = reference.layer(cell, weights_of(params), vectors, make_state(layer, N), resets)
    for array, twin in zip(state, expected, strict=True):
        assert_close(array, twin)


@every_case
def test_the_gradient_of_a_layer_equals_the_complex_step(
    cell: str,
    size: tuple[int, ...],
    inputs: str,
    with_resets: bool,
    rms_norm: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The derivatives by every weight, by x and by every initial state equal the complex step."""
    one_hot = set_inputs(monkeypatch, inputs)
    num_steps, num_streams, input_size, hidden_size = size
    layer, params = make_layer(
        cell,
        one_hot=one_hot,
        input_size=input_size,
        hidden_size=hidden_size,
        rms_norm=rms_norm,
        dtype=np.complex128,
    )
    x = make_inputs(num_steps, num_streams, one_hot=one_hot, input_size=input_size)
    x = x if one_hot else x.astype(np.complex128)
    initial = make_state(layer, num_streams, np.complex128)
    resets = make_resets(num_steps, num_streams) if with_resets else None
    work = allocate(layer, num_steps, num_streams, np.complex128, with_resets)
    grads = params.like()
    dh = np.random.default_rng(3).normal(size=(num_steps, hidden_size, num_streams))

    def loss() -> complex:
        state = tuple(array.copy() for array in initial)
        return complex(np.sum(dh * layer.forward(x, params, state, work, resets)))

    loss()
    dx = layer.backward(dh.astype(np.complex128), params, work, grads)
    variables, gradients = dict(params), dict(grads)
    for name, array, gradient in zip(layer.cell.state_names, initial, work.arrays.dstates, strict=True):
        variables[f"{name}0"], gradients[f"{name}0"] = array, gradient.T.copy()
    if not one_hot:
        variables["x"], gradients["x"] = x, dx.copy()
    check_gradients(loss, variables, gradients)


@every_cell
def test_a_layer_leaves_the_gradient_from_above_alone(cell: str) -> None:
    """`backward` reads dh and does not write to it."""
    layer, params = make_layer(cell)
    work, dh = allocate(layer, 4, N, np.float64, resets=False), np.ones((4, H, N))
    layer.forward(make_inputs(4, N, one_hot=False), params, make_state(layer, N), work, None)
    layer.backward(dh, params, work, params.like())
    assert np.all(dh == 1)


@every_cell
def test_initial_recurrent_matrices_are_orthogonal(cell: str) -> None:
    """Each gate's W starts as an orthogonal matrix, which neither shrinks nor stretches the state."""
    layer, params = make_layer(cell, hidden_size=6)
    layer.initialise_(params, np.random.default_rng(0))
    for gate in np.split(params["k.W"], layer.cell.num_gates):
        np.testing.assert_allclose(gate @ gate.T, np.eye(6), atol=1e-12)


@every_cell
def test_initial_gates_differ(cell: str) -> None:
    """No two gates start with the same W."""
    layer, params = make_layer(cell)
    layer.initialise_(params, np.random.default_rng(0))
    gates = np.split(params["k.W"], layer.cell.num_gates)
    assert len({gate.tobytes() for gate in gates}) == len(gates)


@every_cell
def test_initial_input_weights_are_within_their_bound(cell: str) -> None:
    """U is uniform within Glorot's bound."""
    layer, params = make_layer(cell, hidden_size=16)
    layer.initialise_(params, np.random.default_rng(0))
    bound = (6 / (D + 16)) ** 0.5
    assert 0.9 * bound < np.abs(params["k.U"]).max() <= bound
