import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.cells import CELLS
from charseq.config import ModelConfig
from charseq.network import CharModel
from charseq.network.parameters import Gradient
from charseq.network.pricing import Prices, compiled_prices
from charseq.text import UNSEEN
from tests.builders import pairwise
from tests.network.builders import backward_from_logits

pytest.importorskip("numba")

Array: TypeAlias = NDArray[Any]

TOLERANCE = 2e-5
SIZES = [(1, 1, 1), (29, 1, 33), (5, 16, 16), (7, 3, 13), (4, 25, 33), (3, 40, 48)]
"""T, N and H: a single number, one stream, whole tiles, and all that is left over beside them."""


def make_model(
    cell: str,
    num_layers: int,
    embedding_size: int,
    *,
    hidden_size: int = 5,
    rms_norm: bool = False,
    dtype: type = np.float32,
) -> CharModel:
    """Return a model with random parameters, none of them zero."""
    config = ModelConfig(
        cell=cell,  # type: ignore[arg-type]
        hidden_size=hidden_size,
        num_layers=num_layers,
        embedding_size=embedding_size,
        rms_norm=rms_norm,
    )
    model = CharModel(config, 7, dtype)
    model.params.flat[...] = np.random.default_rng(0).normal(0, hidden_size**-0.5, model.params.flat.size)
    return model


def with_backend(model: CharModel, backend: Any) -> CharModel:
    model.use_backend_(backend)
    return model


def window(
    model: CharModel, num_steps: int, num_streams: int, *, with_resets: bool, num_windows: int = 2
) -> dict[str, Array]:
    """Return all that windows compute: the logits, the states, and the gradients of the last one."""
    rng = np.random.default_rng(1)
    state = model.initial_state(num_streams)
    for array in state.arrays.values():
        array[...] = rng.normal(size=array.shape)
    work = model.workspace(num_steps, num_streams, resets=with_resets)
    grads = Gradient(model.params)
    logits = []
    for _ in range(num_windows):
        tokens = rng.integers(0, model.vocab_size, (num_steps, num_streams), dtype=np.int32)
        tokens[-1, -1] = UNSEEN
        resets = rng.random(tokens.shape) < 0.3 if with_resets else None
        logits.append(model.forward(tokens, state, work, resets=resets).copy())
    dlogits = rng.normal(size=logits[0].shape).astype(np.float32) / logits[0].size ** 0.5
    backward_from_logits(model, dlogits, work, grads)
    named = {f"logits {k}": array for k, array in enumerate(logits)}
    named |= {f"state {name}": array.copy() for name, array in state.arrays.items()}
    named |= {f"d{name}": array for name, array in model.state_gradient(work).arrays.items()}
    return named | {f"d{name}": array.copy() for name, array in grads.items()}


@pytest.mark.parametrize(
    ("cell", "size", "num_layers", "embedding_size", "with_resets", "rms_norm"),
    pairwise(list(CELLS), SIZES, [1, 2], [0, 5], [False, True], [False, True]),
)
def test_compiled_windows_equal_plain_ones(
    cell: str,
    size: tuple[int, int, int],
    num_layers: int,
    embedding_size: int,
    with_resets: bool,
    rms_norm: bool,
) -> None:
    """Numba and NumPy compute the same logits, states and gradients, up to rounding."""
    T, N, H = size
    results = []
    for backend in ("numpy", "numba"):
        model = make_model(cell, num_layers, embedding_size, hidden_size=H, rms_norm=rms_norm)
        results.append(window(with_backend(model, backend), T, N, with_resets=with_resets))
    plain, compiled = results
    for name, expected in plain.items():
        scale = max(1, np.abs(expected).max())
        np.testing.assert_allclose(compiled[name], expected, rtol=0, atol=TOLERANCE * scale, err_msg=name)


@pytest.mark.parametrize("embedding_size", [0, 21])
@pytest.mark.parametrize("cell", CELLS)
def test_one_stream_has_the_same_bits_however_it_is_cut_into_windows(cell: str, embedding_size: int) -> None:
    """Inputs of a window are multiplied together; how many, and at which place each is, changes nothing."""
    model = with_backend(make_model(cell, 2, embedding_size, hidden_size=33), "numba")
    tokens = np.random.default_rng(0).integers(0, 7, (48, 1), dtype=np.int32)
    results = list[Array]()
    for num_steps in (48, 29, 17, 9, 2, 1):
        state, work = model.initial_state(1), model.workspace(num_steps, 1, backward=False)
        parts = [tokens[begin : begin + num_steps] for begin in range(0, 48, num_steps)]
        results.append(np.concatenate([model.hidden(part, state, work).T.copy() for part in parts]))
    for other in results[1:]:
        np.testing.assert_array_equal(other, results[0])


@pytest.mark.parametrize("cell", CELLS)
def test_the_windows_are_compiled_where_numba_is_asked_for(cell: str) -> None:
    """Every cell has a compiled twin, and its workspace says so."""
    model = make_model(cell, 1, 0)
    compiled = [
        with_backend(model, backend).workspace(2, 2).layers[0].compiled for backend in ("numpy", "numba")
    ]
    assert compiled[0] is None
    assert compiled[1] is not None


@pytest.mark.parametrize("cell", CELLS)
def test_a_workspace_stays_valid_when_the_backend_changes(cell: str) -> None:
    """A workspace made for NumPy computes with NumPy to its end, with the same bits."""
    model = make_model(cell, 2, 0)
    tokens = np.arange(6, dtype=np.int32).reshape(3, 2) % 5
    work = model.workspace(3, 2)
    before = model.forward(tokens, model.initial_state(2), work).copy()
    model.use_backend_("numba")
    np.testing.assert_array_equal(model.forward(tokens, model.initial_state(2), work), before)


def test_double_precision_is_left_to_numpy() -> None:
    """Only single precision is compiled."""
    model = with_backend(make_model("gru", 1, 0, dtype=np.float64), "numba")
    assert model.workspace(2, 2).layers[0].compiled is None


def test_a_cell_without_a_compiled_twin_is_computed_by_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell that is registered in NumPy alone is taken as it is, where numba is asked for, too."""
    from charseq.network import windows

    monkeypatch.delitem(windows.FORWARD, "gru")
    model = with_backend(make_model("gru", 1, 0), "numba")
    assert model.workspace(2, 2).layers[0].compiled is None


@pytest.mark.parametrize("size", [30, 1e4])
@pytest.mark.parametrize("cell", CELLS)
def test_compiled_gates_saturate_as_plain_ones(cell: str, size: float) -> None:
    """Huge pre-activations overflow nowhere, forward or back."""
    results = []
    for backend in ("numpy", "numba"):
        model = with_backend(make_model(cell, 1, 0), backend)
        model.params["layers.0.b"][...] *= size
        model.params["layers.0.U"][...] *= size
        results.append(window(model, 3, 17, with_resets=False))
    for name, expected in results[0].items():
        scale = max(1, np.abs(expected).max())
        np.testing.assert_allclose(results[1][name], expected, rtol=0, atol=1e-4 * scale, err_msg=name)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("cell", CELLS)
def test_compiled_windows_do_not_hide_a_divergence(cell: str, bad: float) -> None:
    """Nan stays nan, and infinity is where tanh is 1, as NumPy has it."""
    logits = []
    for backend in ("numpy", "numba"):
        model = with_backend(make_model(cell, 1, 0), backend)
        model.params["layers.0.b"][...] = bad
        with np.errstate(invalid="ignore"):
            tokens, work = np.zeros((1, 2), np.int32), model.workspace(1, 2)
            logits.append(model.forward(tokens, model.initial_state(2), work))
    np.testing.assert_allclose(logits[1], logits[0], atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_a_window_is_compiled_anew_after_a_change_of_any_part(
    cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file on disk is named after the sources of the loop, the algebra, the products and the tiles."""
    from charseq.backend import machine_code
    from charseq.network import windows

    read = list[str]()
    monkeypatch.setattr(machine_code, "_source", lambda module: read.append(module.__name__) or b"")
    parts = ["network.windows", "network.panels", "network.tiles", "network.emitter", "network.columns"]
    for table in (windows.FORWARD, windows.BACKWARD):
        read.clear()
        machine_code.sources_of(table[cell].py_func)
        assert {f"charseq.{name}" for name in ("cells.compiled", *parts)} <= set(read)


def digest(cell: str) -> str:
    """Return a digest of all that compiled code computes for a cell; the next test calls it."""
    model = with_backend(make_model(cell, 2, 5, hidden_size=33, rms_norm=True), "numba")
    found = window(model, 20, 3, with_resets=True)
    logits = found["logits 0"].reshape(-1, model.vocab_size)
    prices = Prices.empty(len(logits), ranks=True, entropies=True)
    compiled_prices()(logits, np.zeros(len(logits), np.int32), out=prices)
    arrays = [*found.values(), prices.nats, prices.highest, prices.entropies]
    return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_the_process_that_compiles_has_the_bits_of_later_ones(
    cell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is resumed finds on disk what the process before it has compiled."""
    monkeypatch.setenv("CHARSEQ_CACHE_DIR", str(tmp_path))
    script = f"from {__name__} import digest; print(digest({cell!r}))"
    command = [sys.executable, "-c", script]
    digests = [subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(2)]
    assert digests[1] == digests[0] != ""
