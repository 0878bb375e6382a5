"""One stream, one character at a time: the logits are those of the model, whatever else goes on meanwhile."""

import tracemalloc
from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from charseq.arrays import ALIGNMENT
from charseq.cells import CELLS
from charseq.config import ModelConfig
from charseq.network import CharModel
from charseq.network.long_reader import LongReader
from charseq.network.weights import inputs_and_bias
from charseq.text import UNSEEN

Array: TypeAlias = NDArray[Any]

V, H = 5, 4
TOKENS = [0, 3, 3, UNSEEN, 1, 4, 4, 4, UNSEEN, UNSEEN, 2, 0, 3]
OTHERS = [UNSEEN, 2, 2, 0, 1, 1, 3, UNSEEN, 4, 0, 0, 2, 1]

every_cell = pytest.mark.parametrize("cell", CELLS)
every_depth = pytest.mark.parametrize("num_layers", [1, 2, 3])
every_embedding = pytest.mark.parametrize("embedding_size", [0, 3], ids=["one-hot", "embedding"])


def make_model(
    cell: str,
    num_layers: int = 1,
    embedding_size: int = 0,
    *,
    hidden_size: int = H,
    rms_norm: bool = False,
    dtype: type = np.float64,
    seed: int = 0,
) -> CharModel:
    """Return a model with random parameters, none of them zero."""
    config = ModelConfig(
        cell=cell,  # type: ignore[arg-type]
        hidden_size=hidden_size,
        num_layers=num_layers,
        embedding_size=embedding_size,
        rms_norm=rms_norm,
    )
    model = CharModel(config, V, dtype)
    model.params.flat[...] = np.random.default_rng(seed).normal(0, 0.6, model.params.flat.size)
    return model


def logits_of(model: CharModel, tokens: list[int]) -> Array:
    """Return the logits (T, V) of the model after each of `tokens`, which it reads in windows of one."""
    state, work = model.initial_state(1), model.workspace(1, 1, backward=False)
    steps = (model.forward(np.array([[token]], np.int32), state, work) for token in tokens)
    return np.array([logits[0, 0].copy() for logits in steps])


def read(reader: LongReader, tokens: list[int]) -> Array:
    """Return the logits (T, V) that the reader gives after each of `tokens`."""
    return np.array([reader.read(token).copy() for token in tokens])


def assert_close(actual: Array, expected: Array, tolerance: float = 1e-12) -> None:
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance)


# ---- the same logits


@pytest.mark.parametrize("hidden_size", [H, 1, 7])
@every_embedding
@every_depth
@every_cell
def test_reading_is_the_model_in_windows_of_one(
    cell: str, num_layers: int, embedding_size: int, hidden_size: int
) -> None:
    """After each character, repeated and unseen ones among them, the logits are those of the model."""
    model = make_model(cell, num_layers, embedding_size, hidden_size=hidden_size)
    assert_close(read(model.reader(), TOKENS), logits_of(model, TOKENS))


@every_depth
@every_cell
def test_a_normalised_model_is_read(cell: str, num_layers: int) -> None:
    """With `rms_norm` the logits are those of the model, from the first character on."""
    model = make_model(cell, num_layers, hidden_size=7, rms_norm=True)
    assert_close(read(model.reader(), TOKENS), logits_of(model, TOKENS))


@settings(deadline=None, max_examples=30)
@given(
    tokens=st.lists(st.integers(UNSEEN, V - 1), min_size=1, max_size=30),
    cell=st.sampled_from(list(CELLS)),
    embedding_size=st.sampled_from([0, 3]),
)
def test_any_text_is_read(tokens: list[int], cell: str, embedding_size: int) -> None:
    """No order of characters makes a difference between the reader and the model."""
    model = make_model(cell, 2, embedding_size)
    assert_close(read(model.reader(), tokens), logits_of(model, tokens))


@every_embedding
@every_cell
def test_a_float32_model(cell: str, embedding_size: int) -> None:
    """A model in single precision is read in single precision, and as the model up to rounding."""
    model = make_model(cell, 2, embedding_size, dtype=np.float32)
    logits = read(model.reader(), TOKENS)
    assert logits.dtype == np.float32
    assert_close(logits, logits_of(model, TOKENS), 1e-5)


@every_embedding
@every_depth
@every_cell
def test_compiled_cells(cell: str, num_layers: int, embedding_size: int) -> None:
    """A model whose cells numba computes is read as one whose cells NumPy computes, up to rounding."""
    pytest.importorskip("numba")
    model = make_model(cell, num_layers, embedding_size, dtype=np.float32)
    expected = logits_of(model, TOKENS)
    model.use_backend_("numba")
    assert_close(read(model.reader(), TOKENS), expected, 1e-5)


@every_embedding
@every_cell
def test_an_unseen_character_is_the_zero_vector(cell: str, embedding_size: int) -> None:
    """Unseen is read as a character is whose weights are zero."""
    model = make_model(cell, 2, embedding_size)
    model.params["embedding.E" if embedding_size else "layers.0.U"][:, 1] = 0
    like_zero = [1 if token == UNSEEN else token for token in TOKENS]
    assert_close(read(model.reader(), TOKENS), read(model.reader(), like_zero))


# ---- what a reader remembers


@pytest.mark.parametrize("num_read", [0, 1, 2, 5])
@every_depth
@every_cell
def test_reset_starts_anew(cell: str, num_layers: int, num_read: int) -> None:
    """After `reset_`, odd or even the number of characters read before, all is as it was at the start."""
    model = make_model(cell, num_layers)
    reader = model.reader()
    read(reader, OTHERS[:num_read])
    reader.reset_()
    assert_close(read(reader, TOKENS), logits_of(model, TOKENS))


@every_cell
def test_a_reader_remembers(cell: str) -> None:
    """Without `reset_` what was read before makes a difference."""
    reader = make_model(cell).reader()
    first, second = read(reader, TOKENS), read(reader, TOKENS)
    assert not np.allclose(first[0], second[0], atol=1e-3)


@every_embedding
@every_cell
def test_the_parameters_are_those_of_the_start(cell: str, embedding_size: int) -> None:
    """Training that goes on does not change what a reader reads with, not even amid a text."""
    model = make_model(cell, 2, embedding_size)
    expected, reader = logits_of(model, TOKENS), model.reader()
    first = read(reader, TOKENS[:6])
    for array in model.params.values():
        array += 1
    assert_close(np.concatenate([first, read(reader, TOKENS[6:])]), expected)
    assert_close(read(model.reader(), TOKENS), logits_of(model, TOKENS))


@every_embedding
@every_cell
def test_reading_leaves_the_model_alone(cell: str, embedding_size: int) -> None:
    """Making a reader and reading change no parameter."""
    model = make_model(cell, 2, embedding_size)
    before = model.params.flat.copy()
    read(model.reader(), TOKENS)
    np.testing.assert_array_equal(model.params.flat, before)


@every_cell
def test_readers_share_nothing(cell: str) -> None:
    """Two readers of one model and one of another may take turns, and a reset of one is its own affair."""
    model, other = make_model(cell, 2), make_model(cell, 2, seed=1)
    readers = [model.reader(), model.reader(), other.reader()]
    logits: list[list[Array]] = [[], [], []]
    for t, tokens in enumerate(zip(TOKENS, OTHERS, OTHERS, strict=True)):
        if t == 4:
            readers[1].reset_()
        for one, reader, token in zip(logits, readers, tokens, strict=True):
            one.append(reader.read(token).copy())
    assert_close(np.array(logits[0]), logits_of(model, TOKENS))
    assert_close(np.array(logits[1][:4]), logits_of(model, OTHERS[:4]))
    assert_close(np.array(logits[1][4:]), logits_of(model, OTHERS[4:]))
    assert_close(np.array(logits[2]), logits_of(other, OTHERS))


@every_cell
def test_the_model_may_read_meanwhile(cell: str) -> None:
    """The model's own windows and a reader do not disturb each other."""
    model = make_model(cell, 2)
    expected, reader = logits_of(model, TOKENS), model.reader()
    first = read(reader, TOKENS[:5])
    assert_close(logits_of(model, OTHERS), read(model.reader(), OTHERS))
    assert_close(np.concatenate([first, read(reader, TOKENS[5:])]), expected)


# ---- saving and restoring


@pytest.mark.parametrize("num_between", [0, 1, 2, 5])
@pytest.mark.parametrize("num_read", [0, 1, 4])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@every_cell
def test_a_restored_reader_goes_on_bit_for_bit(
    cell: str, dtype: type, num_read: int, num_between: int
) -> None:
    """Whatever was read since `save`, reading after `restore_` gives the bits of reading on at once."""
    reader = make_model(cell, 2, 3, hidden_size=17, rms_norm=num_read == 4, dtype=dtype).reader()
    read(reader, OTHERS[:num_read])
    saved = reader.save()
    expected = read(reader, TOKENS)
    read(reader, OTHERS[:num_between])
    reader.restore_(saved)
    np.testing.assert_array_equal(read(reader, TOKENS), expected)


@every_cell
def test_what_was_saved_can_be_restored_again(cell: str) -> None:
    """Reading on after `restore_` leaves what was saved as it was."""
    reader = make_model(cell, 2).reader()
    read(reader, OTHERS)
    saved = reader.save()
    first = read(reader, TOKENS)
    for _ in range(2):
        reader.restore_(saved)
        np.testing.assert_array_equal(read(reader, TOKENS), first)


@every_cell
def test_a_save_fits_another_reader_of_the_model(cell: str) -> None:
    """A second reader of the same parameters goes on where the first one was saved."""
    model = make_model(cell, 2)
    first, second = model.reader(), model.reader()
    read(first, OTHERS)
    second.restore_(first.save())
    np.testing.assert_array_equal(read(second, TOKENS), read(first, TOKENS))


# ---- memory


@every_embedding
@every_cell
def test_reading_allocates_nothing_of_the_size_of_the_model(cell: str, embedding_size: int) -> None:
    """A character takes less than 2 KiB, the size of a single state here, and leaves nothing behind."""
    reader = make_model(cell, 3, embedding_size, hidden_size=256, rms_norm=True).reader()
    read(reader, TOKENS)
    peaks = []
    tracemalloc.start()
    try:
        for token in TOKENS * 10:
            begin, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            reader.read(token)
            peaks.append(tracemalloc.get_traced_memory()[1] - begin)
    finally:
        tracemalloc.stop()
    assert max(peaks) < 2048


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (4, 3), (5, 16)])
def test_a_matrix_with_its_bias(shape: tuple[int, int], dtype: type) -> None:
    """The bias becomes the last row of a copy, in the dtype of both, that begins at a cache line."""
    M = np.arange(shape[0] * shape[1], dtype=dtype).reshape(shape[::-1]).T
    bias: Array = -np.ones(shape[1], dtype)
    stacked = inputs_and_bias(M, bias)
    assert stacked.dtype == dtype
    assert stacked.ctypes.data % ALIGNMENT == 0
    np.testing.assert_array_equal(stacked[:-1], M)
    np.testing.assert_array_equal(stacked[-1], bias)
    assert not np.shares_memory(stacked, M)
