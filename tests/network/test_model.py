import itertools
import tracemalloc
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.arrays import BoolArray, TokenArray
from charseq.cells import CELLS
from charseq.config import BackendName, ModelConfig
from charseq.network import CharModel, State, embedding
from charseq.network import layer as layer_module
from charseq.network.embedding import MAX_ONE_HOT
from charseq.network.loss import cross_entropy_
from charseq.network.parameters import Gradient, Parameters
from tests import reference
from tests.builders import pairwise
from tests.complex_step import check_gradients
from tests.network.builders import backward_from_logits

Array: TypeAlias = NDArray[Any]

V, H, T, N = 5, 4, 6, 3
UNSEEN = -1
BACKENDS: tuple[BackendName, ...] = ("numba", "numpy")

every_cell = pytest.mark.parametrize("cell", CELLS)
every_depth = pytest.mark.parametrize("num_layers", [1, 2])
every_embedding = pytest.mark.parametrize("embedding_size", [0, 5], ids=["one-hot", "embedding"])
with_and_without_resets = pytest.mark.parametrize("with_resets", [False, True], ids=["stream", "resets"])


def make_model(
    cell: str,
    num_layers: int = 1,
    embedding_size: int = 0,
    *,
    hidden_size: int = H,
    vocab_size: int = V,
    rms_norm: bool = False,
    dtype: type = np.float64,
) -> CharModel:
    """Return a model with random parameters, none of them zero."""
    config = ModelConfig(
        cell=cell,  # type: ignore[arg-type]
        hidden_size=hidden_size,
        num_layers=num_layers,
        embedding_size=embedding_size,
        rms_norm=rms_norm,
    )
    model = CharModel(config, vocab_size, dtype)
    model.params.flat[...] = np.random.default_rng(0).normal(0, 0.6, model.params.flat.size)
    return model


def make_state(model: CharModel, num_streams: int) -> State:
    """Return a state that is not zero."""
    state, rng = model.initial_state(num_streams), np.random.default_rng(1)
    for array in state.arrays.values():
        array[...] = rng.normal(0, 0.6, array.shape)
    return state


def make_tokens(num_steps: int, num_streams: int, *, seed: int = 2) -> TokenArray:
    return np.random.default_rng(seed).integers(0, V, (num_steps, num_streams)).astype(np.int32)


def make_tokens_of_all(vocab_size: int, num_steps: int, num_streams: int) -> TokenArray:
    """Return tokens among which every member of the vocabulary occurs, some again, and one is unseen."""
    tokens = np.arange(-1, num_steps * num_streams - 1, dtype=np.int32)
    tokens[tokens >= 0] %= vocab_size
    return np.random.default_rng(2).permutation(tokens).reshape(num_steps, num_streams)


def set_max_one_hot(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """Let models made from now on take vocabularies of more than so many tokens in turns."""
    for module in (embedding, layer_module):
        monkeypatch.setattr(module, "MAX_ONE_HOT", rows)


def make_resets(num_steps: int, num_streams: int) -> BoolArray:
    """Return restarts in the middle of a window, at its first step, and before its last."""
    resets = np.zeros((num_steps, num_streams), np.bool_)
    resets[num_steps // 2, 0] = resets[0, -1] = resets[-1, -1] = True
    return resets


def run(
    model: CharModel, tokens: TokenArray, state: State, resets: BoolArray | None = None
) -> tuple[Array, dict[str, Array]]:
    """Read `tokens` in a fresh workspace; return the logits and the final state."""
    work = model.workspace(*tokens.shape, resets=resets is not None)
    return model.forward(tokens, state, work, resets=resets).copy(), state.arrays


def gradient(
    model: CharModel,
    tokens: TokenArray,
    *,
    capacity: int,
    resets: BoolArray | None = None,
) -> Parameters:
    """Return the gradient of the loss of one window, in a workspace for `capacity` steps."""
    num_streams, grads = tokens.shape[1], model.params.like()
    work = model.workspace(capacity, num_streams, resets=resets is not None)
    logits = model.forward(tokens, make_state(model, num_streams), work, resets=resets)
    cross_entropy_(logits, make_tokens(*tokens.shape, seed=3))
    backward_from_logits(model, logits, work, grads)
    return grads


def assert_close(actual: Array, expected: Array, tolerance: float = 1e-12) -> None:
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance)


def assert_states_close(actual: dict[str, Array], expected: dict[str, Array]) -> None:
    assert actual.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_allclose(actual[name], array, rtol=0, atol=1e-12, err_msg=name)


# ---- fast = slow


@with_and_without_resets
@pytest.mark.parametrize(
    ("num_steps", "num_streams", "hidden_size"), [(6, 3, 4), (1, 3, 4), (6, 1, 4), (6, 3, 1), (1, 1, 1)]
)
@every_embedding
@every_depth
@every_cell
def test_a_model_equals_the_plain_twin(
    cell: str,
    num_layers: int,
    embedding_size: int,
    num_steps: int,
    num_streams: int,
    hidden_size: int,
    with_resets: bool,
) -> None:
    """Logits, final states and loss are those of the textbook equations."""
    model = make_model(cell, num_layers, embedding_size, hidden_size=hidden_size)
    tokens, targets = make_tokens(num_steps, num_streams), make_tokens(num_steps, num_streams, seed=3)
    resets = make_resets(num_steps, num_streams) if with_resets else None
    logits, final = run(model, tokens, make_state(model, num_streams), resets)
    twin_logits, twin_final = reference.model(
        cell, model.params, tokens, make_state(model, num_streams).arrays, resets
    )
    assert_close(logits, twin_logits)
    assert_states_close(final, twin_final)
    assert cross_entropy_(logits, targets) == pytest.approx(
        reference.cross_entropy(twin_logits, targets), rel=0, abs=1e-12
    )


@every_depth
@every_cell
def test_a_normalised_model_equals_the_plain_twin(cell: str, num_layers: int) -> None:
    """With `rms_norm` each gate's part of W h is divided by its root mean square, in every layer."""
    model, tokens, resets = make_model(cell, num_layers, rms_norm=True), make_tokens(T, N), make_resets(T, N)
    logits, final = run(model, tokens, make_state(model, N), resets)
    start = make_state(model, N).arrays
    expected, twin_final = reference.model(cell, model.params, tokens, start, resets, norm=reference.rms_norm)
    assert_close(logits, expected)
    assert_states_close(final, twin_final)


@every_embedding
@every_cell
def test_an_unseen_token_is_the_zero_vector(cell: str, embedding_size: int) -> None:
    """A character that the vocabulary lacks is read as x = 0, wherever it stands."""
    model, tokens = make_model(cell, 2, embedding_size), make_tokens(T, N)
    tokens[0, 0] = tokens[2, 1] = tokens[3, 1] = tokens[-1, -1] = UNSEEN
    logits, _ = run(model, tokens, make_state(model, N))
    expected, _ = reference.model(cell, model.params, tokens, make_state(model, N).arrays)
    assert_close(logits, expected)


@every_embedding
@every_cell
def test_float32_agrees_with_float64(cell: str, embedding_size: int) -> None:
    """The dtype in use gives the gradients of the exact one, to its own precision."""
    double = make_model(cell, 2, embedding_size)
    single = make_model(cell, 2, embedding_size, dtype=np.float32)
    grads = [gradient(model, make_tokens(T, N), capacity=T).flat for model in (single, double)]
    assert grads[0].dtype == np.float32
    assert_close(grads[0], grads[1], tolerance=1e-6)


@every_depth
@pytest.mark.parametrize("embedding_size", [0, 2, 17], ids=["one-hot", "embedding", "wide embedding"])
@every_cell
def test_a_model_of_300_tokens_equals_the_plain_twin(cell: str, embedding_size: int, num_layers: int) -> None:
    """The logits of a vocabulary larger than MAX_ONE_HOT are those of the textbook equations."""
    model = make_model(cell, num_layers, embedding_size, vocab_size=300)
    tokens = make_tokens_of_all(300, 21, 15)
    logits, _ = run(model, tokens, make_state(model, 15))
    expected, _ = reference.model(cell, model.params, tokens, make_state(model, 15).arrays)
    assert_close(logits, expected)


@every_embedding
@every_cell
def test_kernels_can_be_chosen(cell: str, embedding_size: int) -> None:
    """Numba gives the logits of NumPy up to rounding; back with NumPy they are the same bits again."""
    pytest.importorskip("numba")
    model, tokens, logits = make_model(cell, 2, embedding_size, dtype=np.float32), make_tokens(T, N), {}
    logits["at first"], _ = run(model, tokens, make_state(model, N))
    for backend in BACKENDS:
        model.use_backend_(backend)
        logits[backend], _ = run(model, tokens, make_state(model, N))
    assert_close(logits["numba"], logits["numpy"], 1e-5)
    assert not np.array_equal(logits["numba"], logits["numpy"])
    np.testing.assert_array_equal(logits["numpy"], logits["at first"])


# ---- gradients


@pytest.mark.parametrize(
    ("cell", "num_layers", "embedding_size", "num_streams", "with_resets", "rms_norm"),
    pairwise(list(CELLS), [1, 2], [0, 2, 13], [2, 1], [False, True], [False, True]),
)
def test_the_gradient_of_every_weight(
    cell: str, num_layers: int, embedding_size: int, num_streams: int, with_resets: bool, rms_norm: bool
) -> None:
    """The derivative by each element of each parameter equals the complex step, unseen tokens included.

    A wide embedding has more rows than all gates of the cell together.
    """
    check_every_weight(
        cell, num_layers, embedding_size, num_streams, with_resets=with_resets, rms_norm=rms_norm
    )


@pytest.mark.parametrize(
    ("cell", "num_layers", "embedding_size", "max_one_hot", "with_resets"),
    pairwise(list(CELLS), [1, 2], [0, 2], [1, 2, V - 1, V], [False, True]),
)
def test_the_gradient_of_every_weight_of_a_large_vocabulary(
    cell: str,
    num_layers: int,
    embedding_size: int,
    max_one_hot: int,
    with_resets: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The derivatives are right for vocabularies larger than MAX_ONE_HOT, and for one of just that size."""
    set_max_one_hot(monkeypatch, max_one_hot)
    check_every_weight(cell, num_layers, embedding_size, 2, with_resets=with_resets)


def check_every_weight(
    cell: str,
    num_layers: int,
    embedding_size: int,
    num_streams: int,
    *,
    with_resets: bool,
    rms_norm: bool = False,
) -> None:
    """Compare the gradients of a small model with the complex step."""
    T, N, H = 4, num_streams, 3
    model = make_model(
        cell, num_layers, embedding_size, hidden_size=H, rms_norm=rms_norm, dtype=np.complex128
    )
    tokens, targets = make_tokens(T, N), make_tokens(T, N, seed=3)
    tokens[1, -1] = UNSEEN
    resets = make_resets(T, N) if with_resets else None
    work, grads = model.workspace(T, N, resets=with_resets), model.params.like()

    def loss() -> complex:
        return cross_entropy_(model.forward(tokens, make_state(model, N), work, resets=resets), targets)

    loss()
    backward_from_logits(model, work.logits, work, grads)
    check_gradients(loss, model.params, grads)


@with_and_without_resets
@pytest.mark.parametrize("embedding_size", [0, 2], ids=["one-hot", "embedding"])
@every_depth
@every_cell
def test_a_large_vocabulary_is_no_other_model(
    cell: str, num_layers: int, embedding_size: int, with_resets: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """300 tokens, too many for one matrix, have the gradients that they have in one matrix."""
    T, N, vocab_size = 21, 15, 300
    assert vocab_size > MAX_ONE_HOT
    tokens, resets = make_tokens_of_all(vocab_size, T, N), make_resets(T, N) if with_resets else None
    grads = []
    for rows in (MAX_ONE_HOT, vocab_size):
        set_max_one_hot(monkeypatch, rows)
        model = make_model(cell, num_layers, embedding_size, hidden_size=3, vocab_size=vocab_size)
        grads.append(gradient(model, tokens, capacity=T, resets=resets))
    for name, array in grads[0].items():
        np.testing.assert_allclose(array, grads[1][name], rtol=0, atol=1e-14, err_msg=name)
    inputs = grads[0]["embedding.E" if embedding_size else "layers.0.U"]
    assert np.all(inputs.any(axis=0))


@every_cell
def test_the_gradient_of_one_of_300_tokens(cell: str) -> None:
    """The weights of the last of 300 one-hot tokens have the derivatives of the complex step."""
    T, N, vocab_size = 3, 2, 300
    model = make_model(cell, hidden_size=3, vocab_size=vocab_size, dtype=np.complex128)
    tokens, targets = np.full((T, N), vocab_size - 1, np.int32), make_tokens(T, N, seed=3)
    tokens[1] = [UNSEEN, 7]
    work, grads = model.workspace(T, N), model.params.like()

    def loss() -> complex:
        return cross_entropy_(model.forward(tokens, make_state(model, N), work), targets)

    loss()
    backward_from_logits(model, work.logits, work, grads)
    some = (..., slice(vocab_size - 2, vocab_size))
    names = [name for name in model.params if name.startswith("layers.0.") and not name.endswith(".U")]
    check_gradients(
        loss,
        {"U": model.params["layers.0.U"][some], **{name: model.params[name] for name in names}},
        {"U": grads["layers.0.U"][some], **grads},
    )


@with_and_without_resets
@every_embedding
@every_depth
@every_cell
def test_the_gradient_along_a_random_direction(
    cell: str, num_layers: int, embedding_size: int, with_resets: bool
) -> None:
    """In float64, a step to and fro along a random direction changes the loss as the gradient says."""
    model = make_model(cell, num_layers, embedding_size, hidden_size=16)
    tokens, targets = make_tokens(12, 4), make_tokens(12, 4, seed=3)
    resets = make_resets(12, 4) if with_resets else None
    grads = gradient(model, tokens, capacity=12, resets=resets)
    direction = np.random.default_rng(4).normal(size=grads.flat.size)
    direction /= np.linalg.norm(direction)
    middle, eps, losses = model.params.flat.copy(), 1e-5, []
    for sign in (1, -1):
        model.params.flat[...] = middle + sign * eps * direction
        logits, _ = run(model, tokens, make_state(model, 4), resets)
        losses.append(cross_entropy_(logits, targets))
    assert (losses[0] - losses[1]) / (2 * eps) == pytest.approx(direction @ grads.flat, rel=0, abs=1e-8)


@with_and_without_resets
@every_embedding
@every_depth
@every_cell
def test_the_gradient_of_the_state(
    cell: str, num_layers: int, embedding_size: int, with_resets: bool
) -> None:
    """The derivative by each element of the state that a window started from equals the complex step."""
    model = make_model(cell, num_layers, embedding_size, hidden_size=3, dtype=np.complex128)
    tokens, targets, state = make_tokens(4, 2), make_tokens(4, 2, seed=3), make_state(model, 2)
    resets = make_resets(4, 2) if with_resets else None
    work = model.workspace(6, 2, resets=with_resets)

    def loss() -> complex:
        start = State({name: array.copy() for name, array in state.arrays.items()})
        return cross_entropy_(model.forward(tokens, start, work, resets=resets), targets)

    loss()
    backward_from_logits(model, work.logits[:4], work, model.params.like())
    check_gradients(loss, state.arrays, model.state_gradient(work).arrays)


@every_cell
def test_the_gradient_of_the_state_is_a_copy(cell: str) -> None:
    """The gradient of a window's state stays as it is when the next window goes back."""
    model = make_model(cell, 2)
    work, gradients = model.workspace(T, N), []
    for window in (make_tokens(T, N), make_tokens(T, N, seed=9)):
        logits = model.forward(window, make_state(model, N), work)
        cross_entropy_(logits, make_tokens(T, N, seed=3))
        backward_from_logits(model, logits, work, model.params.like())
        gradients.append(model.state_gradient(work).arrays)
    for name, array in gradients[0].items():
        assert not np.array_equal(array, gradients[1][name])


@with_and_without_resets
@every_embedding
@every_cell
def test_backward_writes_and_never_adds(cell: str, embedding_size: int, with_resets: bool) -> None:
    """What the gradients held before is gone: a second pass back leaves the same bits."""
    model, tokens = make_model(cell, 2, embedding_size), make_tokens(T, N)
    resets = make_resets(T, N) if with_resets else None
    grads, work = model.params.like(), model.workspace(T, N, resets=with_resets)
    logits = model.forward(tokens, make_state(model, N), work, resets=resets)
    cross_entropy_(logits, make_tokens(T, N, seed=3))
    backward_from_logits(model, logits, work, grads)
    first = grads.flat.copy()
    grads.flat.fill(1e3)
    backward_from_logits(model, logits, work, grads)
    np.testing.assert_array_equal(grads.flat, first)


# ---- streams


@every_embedding
@every_depth
@every_cell
@pytest.mark.parametrize("num_steps", [4, 1])
def test_windows_continue_a_stream(cell: str, num_layers: int, embedding_size: int, num_steps: int) -> None:
    """Reading 12 steps in one window, in three of 4 or in twelve of 1 gives the same logits and states."""
    model, tokens = make_model(cell, num_layers, embedding_size), make_tokens(12, N)
    expected, expected_state = run(model, tokens, make_state(model, N))
    state, work = make_state(model, N), model.workspace(num_steps, N)
    logits = np.concatenate(
        [model.forward(part, state, work).copy() for part in np.split(tokens, 12 // num_steps)]
    )
    assert_close(logits, expected)
    assert_states_close(state.arrays, expected_state)


@every_depth
@every_cell
def test_windows_continue_a_stream_with_resets(cell: str, num_layers: int) -> None:
    """Cutting a stream into windows gives the same logits when lines begin inside them or at borders."""
    model, tokens, resets = make_model(cell, num_layers), make_tokens(12, N), make_resets(12, N)
    resets[4, 1] = resets[7, 1] = True
    expected, _ = run(model, tokens, make_state(model, N), resets)
    state, work = make_state(model, N), model.workspace(4, N, resets=True)
    logits = [
        model.forward(tokens[t : t + 4], state, work, resets=resets[t : t + 4]).copy() for t in (0, 4, 8)
    ]
    assert_close(np.concatenate(logits), expected)


@every_embedding
@every_depth
@every_cell
def test_the_future_does_not_reach_the_past(cell: str, num_layers: int, embedding_size: int) -> None:
    """Changing the tokens of step t leaves all logits before t as they were, bit for bit."""
    model, tokens, t = make_model(cell, num_layers, embedding_size), make_tokens(T, N), 3
    before, _ = run(model, tokens, make_state(model, N))
    tokens[t] = (tokens[t] + 1) % V
    after, _ = run(model, tokens, make_state(model, N))
    np.testing.assert_array_equal(after[:t], before[:t])
    assert np.all(np.any(after[t:] != before[t:], axis=-1))


@every_embedding
@every_depth
@every_cell
def test_streams_do_not_touch_each_other(cell: str, num_layers: int, embedding_size: int) -> None:
    """Permuting the streams permutes the logits and the states, and does nothing else."""
    model, tokens, order = make_model(cell, num_layers, embedding_size), make_tokens(T, N), [2, 0, 1]
    logits, final = run(model, tokens, make_state(model, N))
    permuted = make_state(model, N)
    for array in permuted.arrays.values():
        array[...] = array[order]
    permuted_logits, permuted_final = run(model, tokens[:, order], permuted)
    assert_close(permuted_logits, logits[:, order])
    assert_states_close(permuted_final, {name: array[order] for name, array in final.items()})


@every_depth
@every_cell
def test_a_reset_separates_sequences(cell: str, num_layers: int) -> None:
    """A window with resets gives the logits of the sequences read apart, each from the zero state."""
    model, tokens = make_model(cell, num_layers), make_tokens(T, 2)
    borders = {0: [0, 2, 3, T], 1: [0, 5, T]}
    resets = np.zeros((T, 2), np.bool_)
    for n, places in borders.items():
        resets[places[:-1], n] = True
    logits, _ = run(model, tokens, make_state(model, 2), resets)
    for n, places in borders.items():
        for begin, end in itertools.pairwise(places):
            alone, _ = run(model, tokens[begin:end, n : n + 1], model.initial_state(1))
            assert_close(logits[begin:end, n : n + 1], alone)


@pytest.mark.parametrize("resets", [np.zeros((T, N), np.bool_), None], ids=["all false", "none"])
@every_cell
def test_no_resets_are_like_none(cell: str, resets: BoolArray | None) -> None:
    """A window in which nothing restarts, though it could, gives the logits of one that cannot restart."""
    model, tokens = make_model(cell, 2), make_tokens(T, N)
    expected, _ = run(model, tokens, make_state(model, N))
    work = model.workspace(T, N, resets=True)
    logits = model.forward(tokens, make_state(model, N), work, resets=resets)
    np.testing.assert_array_equal(logits, expected)


def test_resets_take_a_workspace_made_for_them() -> None:
    """A window with resets is refused by a workspace without: it would be read as one stream."""
    model = make_model("gru")
    with pytest.raises(ValueError, match="without resets"):
        model.forward(
            make_tokens(T, N), make_state(model, N), model.workspace(T, N), resets=make_resets(T, N)
        )


# ---- hidden states


@with_and_without_resets
@every_embedding
@every_depth
@every_cell
def test_logits_are_the_projection_of_the_hidden_states(
    cell: str, num_layers: int, embedding_size: int, with_resets: bool
) -> None:
    """`forward` is `hidden` and the projection, bit for bit, and both advance the state alike."""
    model, tokens = make_model(cell, num_layers, embedding_size), make_tokens(T, N)
    resets = make_resets(T, N) if with_resets else None
    expected, expected_state = run(model, tokens, make_state(model, N), resets)
    state, work = make_state(model, N), model.workspace(T, N, resets=with_resets, logits=False)
    h = model.hidden(tokens, state, work, resets=resets)
    assert h.shape == (H, T * N)
    logits = model.projection.forward(h, model.params, out=np.empty((T, N, V)))
    np.testing.assert_array_equal(logits, expected)
    for name, array in state.arrays.items():
        np.testing.assert_array_equal(array, expected_state[name])


@every_cell
def test_going_back_leaves_the_gradient_of_the_projection_alone(cell: str) -> None:
    """The projection belongs to the loss: `backward` writes every gradient but those of V and c."""
    model, grads = make_model(cell, 2, 5), make_model(cell, 2, 5).params.like()
    work = model.workspace(T, N)
    h = model.hidden(make_tokens(T, N), make_state(model, N), work)
    grads.flat.fill(9)
    model.backward(np.ones_like(h), work, grads)
    for name, array in grads.items():
        assert bool(np.all(array == 9)) == name.startswith("projection."), name


def test_a_workspace_without_logits_has_no_room_for_them() -> None:
    """A loss that never sees all logits is not charged with the memory for them."""
    model = make_model("gru")
    assert model.workspace(T, N, logits=False).logits.size == 0


# ---- workspaces and states


@with_and_without_resets
@every_embedding
@every_cell
def test_a_short_window_is_read_in_a_long_workspace(
    cell: str, embedding_size: int, with_resets: bool
) -> None:
    """A window shorter than its workspace gives the logits and the final state of one that fits exactly."""
    model, tokens = make_model(cell, 2, embedding_size, rms_norm=with_resets), make_tokens(4, N)
    resets = make_resets(4, N) if with_resets else None
    expected, expected_state = run(model, tokens, make_state(model, N), resets)
    state = make_state(model, N)
    logits = model.forward(tokens, state, model.workspace(9, N, resets=with_resets), resets=resets)
    assert_close(logits, expected)
    assert_states_close(state.arrays, expected_state)


@with_and_without_resets
@every_embedding
@every_cell
def test_a_short_window_is_differentiated_in_a_long_workspace(
    cell: str, embedding_size: int, with_resets: bool
) -> None:
    """A window shorter than its workspace gives the gradients of one that fits exactly."""
    model, tokens = make_model(cell, 2, embedding_size, rms_norm=with_resets), make_tokens(4, N)
    resets = make_resets(4, N) if with_resets else None
    short = gradient(model, tokens, capacity=4, resets=resets)
    long = gradient(model, tokens, capacity=9, resets=resets)
    assert_close(long.flat, short.flat)


@with_and_without_resets
@every_embedding
@every_cell
def test_a_used_workspace_is_as_good_as_a_new_one(cell: str, embedding_size: int, with_resets: bool) -> None:
    """Nothing of a longer window read before remains in the gradients of the next."""
    model, tokens = make_model(cell, 2, embedding_size, rms_norm=with_resets), make_tokens(4, N)
    resets = make_resets(4, N) if with_resets else None
    expected = gradient(model, tokens, capacity=T, resets=resets)
    work, grads = model.workspace(T, N, resets=with_resets), model.params.like()
    for window in (make_tokens(T, N, seed=9), tokens):
        cut = None if resets is None else make_resets(len(window), N)
        logits = model.forward(window, make_state(model, N), work, resets=cut)
        cross_entropy_(logits, make_tokens(*window.shape, seed=3))
        backward_from_logits(model, logits, work, grads)
    np.testing.assert_array_equal(grads.flat, expected.flat)


@pytest.mark.parametrize("rms_norm", [False, True])
@every_embedding
@every_cell
def test_a_workspace_without_backward_gives_the_same_logits(
    cell: str, embedding_size: int, rms_norm: bool
) -> None:
    """Evaluation and training share one forward path."""
    model, tokens = make_model(cell, 2, embedding_size, rms_norm=rms_norm), make_tokens(T, N)
    expected, _ = run(model, tokens, make_state(model, N))
    work = model.workspace(T, N, backward=False)
    np.testing.assert_array_equal(model.forward(tokens, make_state(model, N), work), expected)


def bytes_of_workspace(model: CharModel, num_steps: int, num_streams: int, *, backward: bool) -> int:
    """Return how much memory a workspace takes."""
    tracemalloc.start()
    work = model.workspace(num_steps, num_streams, backward=backward)
    with_it, _ = tracemalloc.get_traced_memory()
    del work
    without, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return with_it - without


@pytest.mark.parametrize("D", [0, 100], ids=["one-hot", "embedding"])
def test_reading_keeps_nothing_for_gradients(D: int) -> None:
    """A step that is only read takes room for what is computed: for no gradient, and no mask of dropout."""
    V, H, N = 100, 128, 32
    model = CharModel(ModelConfig(cell="lstm", hidden_size=H, embedding_size=D, dropout=0.5), V)
    numbers = D + 4 * H + 3 * H + H + V  # x; the gates; h, C and tanh(C); h side by side; the logits
    few, many = (bytes_of_workspace(model, num_steps, N, backward=False) for num_steps in (20, 40))
    assert many - few < 1.05 * 4 * 20 * N * numbers


@every_embedding
@every_cell
def test_a_large_vocabulary_takes_room_for_its_logits(cell: str, embedding_size: int) -> None:
    """To learn with 2000 tokens, not 1000, takes 1000 logits more for each character, but no vectors."""
    few, many = (
        bytes_of_workspace(make_model(cell, 2, embedding_size, vocab_size=vocab_size), 8, 1, backward=True)
        for vocab_size in (1000, 2000)
    )
    assert many - few < 1.05 * 8 * 8 * 1000


@every_cell
def test_reading_leaves_the_parameters_alone(cell: str) -> None:
    """A pass forward and back changes no parameter."""
    model = make_model(cell, 2)
    before = model.params.flat.copy()
    gradient(model, make_tokens(T, N), capacity=T)
    np.testing.assert_array_equal(model.params.flat, before)


@every_cell
def test_an_initial_state_is_zero(cell: str) -> None:
    """A fresh state is zero and has the cell's arrays for each layer."""
    state = make_model(cell, 2).initial_state(N)
    assert list(state.arrays) == [f"layers.{k}.{name}" for k in range(2) for name in CELLS[cell].state_names]
    assert not any(array.any() for array in state.arrays.values())


@every_cell
def test_a_state_is_reset(cell: str) -> None:
    """After `reset_`, every array of a state is zero."""
    state = make_state(make_model(cell, 2), N)
    state.reset_()
    assert not any(array.any() for array in state.arrays.values())


@every_cell
def test_a_state_is_rolled(cell: str) -> None:
    """`roll_` hands each stream's state to the next, and zero to the first."""
    model = make_model(cell, 2)
    state, before = make_state(model, N), make_state(model, N)
    state.roll_()
    for name, array in state.arrays.items():
        assert not array[0].any()
        np.testing.assert_array_equal(array[1:], before.arrays[name][:-1])


# ---- first parameters


@every_cell
def test_initial_biases(cell: str) -> None:
    """All biases start at zero, but those of the LSTM's forget gate, at 1, so that a fresh cell remembers."""
    model = make_model(cell, 2)
    model.initialise_(np.random.default_rng(0))
    for name, array in model.params.items():
        if array.ndim == 1:
            forget = slice(H, 2 * H) if cell == "lstm" and name.endswith(".b") else slice(0)
            expected = np.zeros_like(array)
            expected[forget] = 1
            np.testing.assert_array_equal(array, expected, err_msg=name)


def test_initial_embedding() -> None:
    """The vectors of the characters start as standard normal numbers."""
    model = make_model("gru", embedding_size=50, vocab_size=40)
    model.initialise_(np.random.default_rng(0))
    E = model.params["embedding.E"]
    assert E.mean() == pytest.approx(0, abs=0.1)
    assert E.std() == pytest.approx(1, abs=0.1)


@every_embedding
@every_cell
def test_the_same_seed_gives_the_same_parameters(cell: str, embedding_size: int) -> None:
    """Initialising again with the same seed gives the same bits, whatever was there before."""
    model = make_model(cell, 2, embedding_size)
    model.initialise_(np.random.default_rng(7))
    first = model.params.flat.copy()
    model.params.flat.fill(9)
    model.initialise_(np.random.default_rng(7))
    np.testing.assert_array_equal(model.params.flat, first)


@every_embedding
@every_cell
def test_every_matrix_is_initialised(cell: str, embedding_size: int) -> None:
    """No matrix of a fresh model has a zero in it, and another seed gives other matrices."""
    model = make_model(cell, 2, embedding_size)
    model.initialise_(np.random.default_rng(7))
    first = model.params.matrices.copy()
    model.initialise_(np.random.default_rng(8))
    assert first.all()
    assert np.all(model.params.matrices != first)


# ---- another vocabulary


@every_embedding
@every_cell
def test_a_model_is_adopted_into_another_vocabulary(cell: str, embedding_size: int) -> None:
    """A model that adopts all tokens of another, differently numbered, gives its logits in the new order."""
    theirs, tokens = [3, 0, 4, 1, 2], make_tokens(T, N)
    other, model = make_model(cell, 2, embedding_size), make_model(cell, 2, embedding_size)
    model.params.flat.fill(0)
    model.adopt_(other, list(range(V)), theirs)
    logits, _ = run(model, tokens, make_state(model, N))
    expected, _ = run(other, np.array(theirs, np.int32)[tokens], make_state(other, N))
    assert_close(logits, expected[..., theirs])


@every_embedding
@every_cell
def test_adopting_leaves_new_tokens_alone(cell: str, embedding_size: int) -> None:
    """The weights of a token that the other model lacks stay as they were."""
    model, other = make_model(cell, 2, embedding_size), make_model(cell, 2, embedding_size)
    model.params.flat.fill(9)
    model.adopt_(other, [0, 2, 3], [1, 0, 4])
    inputs = model.params["embedding.E" if embedding_size else "layers.0.U"]
    for array in (inputs.T, model.params["projection.V"], model.params["projection.c"][:, None]):
        assert [bool(np.all(row == 9)) for row in array] == [False, True, False, False, True]


# ---- frozen parts


FROZEN = [
    ("embedding",),
    ("layers.0",),
    ("layers.1",),
    ("embedding", "layers.0"),
    ("layers.0.W", "layers.1.b"),
]


def backward_of(model: CharModel, frozen: frozenset[str]) -> Gradient:
    tokens = make_tokens(5, 3)
    work, grads = model.workspace(5, 3), model.params.like(frozen=frozen)
    logits = model.forward(tokens, make_state(model, 3), work)
    cross_entropy_(logits, make_tokens(5, 3, seed=3))
    backward_from_logits(model, logits, work, grads)
    return grads


@pytest.mark.parametrize("parts", [*FROZEN, ("projection",), ("embedding", "layers")], ids=", ".join)
@every_cell
def test_a_frozen_part_leaves_the_gradient_of_the_rest(cell: str, parts: tuple[str, ...]) -> None:
    """Parameters that learn have the bits of a gradient of everything; the others are not in it."""
    model = make_model(cell, 2, 3)
    frozen = frozenset(name for name in model.params if any(name.startswith(part) for part in parts))
    whole, grads = backward_of(model, frozenset()), backward_of(model, frozen)
    assert set(grads) == set(model.params) - frozen
    assert grads.flat.size == sum(model.params[name].size for name in grads)
    for name in grads:
        np.testing.assert_array_equal(grads[name], whole[name], err_msg=name)


@pytest.mark.parametrize("lowest", [0, 1, 2])
def test_nothing_is_computed_below_the_lowest_part_that_learns(
    lowest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the embedding and the first layers frozen, the backward pass ends above them."""
    model, reached = make_model("gru", 2, 3), list[str]()
    frozen = frozenset(
        name
        for name in model.params
        if name.startswith(("embedding", *(f"layers.{k}" for k in range(lowest))))
    )
    for layer in model.layers:

        def backward(*given: Any, name: str = layer.name, do: Any = layer.backward, **more: Any) -> Any:
            reached.append(name)
            return do(*given, **more)

        monkeypatch.setattr(layer, "backward", backward)
    backward_of(model, frozen)
    assert reached == ["layers.1", "layers.0"][: 2 - lowest]


def test_a_frozen_layer_between_others_has_no_products_for_its_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The gradient passes through it, and the sums for its own weights are left out."""
    model = make_model("lstm", 2, 3)

    def fail(*_: object) -> None:
        raise AssertionError("the gradient of frozen weights was computed")

    monkeypatch.setattr(model.layers[1], "_weight_gradients", fail)
    backward_of(model, frozenset(name for name in model.params if name.startswith("layers.1")))
