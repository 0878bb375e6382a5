"""Readers that go on with compiled code: where depends on the network alone, and on the place in the text."""

from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.backend.work import LEAST_WORK, WORK_THAT_PAYS
from charseq.config import BackendName, ModelConfig
from charseq.network import CharModel, long_reader
from charseq.network.long_reader import NEVER, LongReader, LongReaders, tokens_for_numpy
from charseq.network.products import tile_width
from charseq.network.reader import Reader
from charseq.network.weights import Weights
from tests.builders import with_random_parameters

Array: TypeAlias = NDArray[Any]
VOCAB, BEGINS = 11, 6
TOKENS = np.random.default_rng(0).integers(-1, VOCAB, (20, 40)).astype(np.int32)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let compiled code read from the seventh token on."""
    pytest.importorskip("numba")
    monkeypatch.setattr(long_reader, "tokens_for_numpy", lambda params, backend: BEGINS)


def network(cell: str = "lstm", dtype: type = np.float32, **sizes: int) -> CharModel:
    config = ModelConfig.model_validate({"cell": cell, "hidden_size": 24, "num_layers": 2, **sizes})
    return with_random_parameters(CharModel(config, VOCAB, dtype), scale=0.4)


def read(reader: LongReader, tokens: Array) -> Array:
    return np.array([reader.read(token).copy() for token in tokens.tolist()])


def read_all(readers: LongReaders, tokens: Array) -> Array:
    return np.array([readers.read(step).copy() for step in tokens])


# ---- where compiled code begins


def test_numpy_reads_as_much_as_is_done_before_numba_would_be_loaded() -> None:
    """It depends on the weights in products, without the table of input tokens."""
    pytest.importorskip("numba")
    small, large = network(), network(hidden_size=600, embedding_size=0)
    assert tokens_for_numpy(small.params, "auto") == WORK_THAT_PAYS // LEAST_WORK[1]
    multiplied = large.num_parameters - large.params["layers.0.U"].size
    assert tokens_for_numpy(large.params, "auto") == WORK_THAT_PAYS // multiplied


@pytest.mark.parametrize(
    ("backend", "dtype", "expected"),
    [("numpy", np.float32, NEVER), ("numba", np.float32, 0), ("auto", np.float64, NEVER)],
)
def test_a_backend_can_be_given(backend: BackendName, dtype: type, expected: int) -> None:
    """Then the place in the text does not matter; double precision, in tests only, is left to NumPy."""
    pytest.importorskip("numba")
    assert tokens_for_numpy(network(dtype=dtype).params, backend) == expected


@pytest.mark.usefixtures("soon")
def test_the_beginning_has_the_bits_of_numpy_and_the_rest_those_of_compiled_code() -> None:
    """No bit of the beginning depends on what comes after it."""
    model = network()
    logits, plain = (
        read(model.reader(), TOKENS[:, 0]),
        Reader(Weights.copied(model.params, model.layers), model.layers),
    )
    expected = np.array([plain.read(token).copy() for token in TOKENS[:, 0].tolist()])
    np.testing.assert_array_equal(logits[:BEGINS], expected[:BEGINS])
    assert not np.array_equal(logits[BEGINS:], expected[BEGINS:])
    np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-5)


@pytest.mark.usefixtures("soon")
def test_a_cell_without_compiled_code_is_read_by_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its texts go on as they began."""
    from charseq.network import compiled_reader

    model = network("gru")
    late = read(model.reader(), TOKENS[:, 0])
    monkeypatch.delitem(compiled_reader.READ, "gru")
    reader = model.reader()
    logits = read(reader, TOKENS[:, 0])
    assert not np.array_equal(logits, late)
    np.testing.assert_allclose(logits, late, rtol=0, atol=1e-5)
    other = model.reader()
    other.restore_(reader.save())
    np.testing.assert_array_equal(read(other, TOKENS[:, 1]), read(reader, TOKENS[:, 1]))


# ---- one text


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("num_between", [0, 3, 9])
@pytest.mark.parametrize("num_read", [0, 3, BEGINS - 1, BEGINS, BEGINS + 1, 15])
def test_a_restored_reader_goes_on_bit_for_bit(num_read: int, num_between: int) -> None:
    """Before and after compiled code has begun, whatever was read since `save`, here and elsewhere."""
    model = network("gru", rms_norm=num_between == 9)
    reader, other = model.reader(), model.reader()
    read(reader, TOKENS[:num_read, 0])
    saved = reader.save()
    expected = read(reader, TOKENS[:, 1])
    read(reader, TOKENS[:num_between, 2])
    for one in (reader, other):
        one.restore_(saved)
        np.testing.assert_array_equal(read(one, TOKENS[:, 1]), expected)


@pytest.mark.usefixtures("soon")
def test_after_a_reset_numpy_reads_again() -> None:
    """Each sequence begins as the first one did, to the last bit."""
    reader = network().reader()
    first = read(reader, TOKENS[:, 0])
    reader.reset_()
    np.testing.assert_array_equal(read(reader, TOKENS[:, 0]), first)


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("num_read", [2, BEGINS, 15])
def test_a_file_keeps_the_place_in_the_text(num_read: int) -> None:
    """What was packed and unpacked goes on with the same bits."""
    model = network()
    reader, other = model.reader(), model.reader()
    read(reader, TOKENS[:num_read, 0])
    other.restore_(other.unpack(reader.pack(reader.save())))
    np.testing.assert_array_equal(read(other, TOKENS[:, 1]), read(reader, TOKENS[:, 1]))


def test_a_file_of_an_older_version_counts_as_a_beginning() -> None:
    """It does not say how much was read."""
    reader = network().reader()
    read(reader, TOKENS[:9, 0])
    packed = reader.pack(reader.save())
    assert reader.unpack(packed).num_read == 9
    del packed["num_read"]
    assert reader.unpack(packed).num_read == 0


# ---- many texts


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
def test_the_number_of_texts_changes_no_bit(cell: str) -> None:
    """A text has the same logits in one tile and in many, although others begin at other steps."""
    model, width = network(cell), tile_width()
    wide, narrow, nothing = model.many(40), model.many(width), model.reader().save()
    mine = slice(16, 16 + width)
    for place in range(40):
        wide.put_(place, nothing)
    for k, step in enumerate(TOKENS):
        if k in (4, 8):
            for place in (*range(12), *range(30, 40)):
                wide.put_(place, nothing)
        assert np.array_equal(wide.read(step)[mine], narrow.read(step[mine]))


@pytest.mark.usefixtures("soon")
def test_each_text_is_read_as_by_a_reader_of_one_stream() -> None:
    """The logits are the same but for rounding; a text that is put later begins later."""
    model, other = network("gru"), network("gru").reader()
    many, ones = model.many(8), [model.reader() for _ in range(8)]
    for place, one in enumerate(ones):
        many.put_(place, one.save())
    read(other, TOKENS[:3, 9])
    for k, step in enumerate(TOKENS[:, :8]):
        if k == 9:
            many.put_(5, other.save())
            ones[5].restore_(other.save())
        expected = [one.read(int(token)).copy() for one, token in zip(ones, step, strict=True)]
        np.testing.assert_allclose(many.read(step), expected, rtol=0, atol=1e-5)


@pytest.mark.usefixtures("soon")
def test_a_late_text_has_the_bits_of_a_reader_of_one_stream() -> None:
    """From where compiled code reads, a text that is put among others goes on as alone."""
    model = network()
    reader, many = model.reader(), model.many(8)
    read(reader, TOKENS[:9, 0])
    many.put_(3, reader.save())
    expected = read(reader, TOKENS[9:, 0])
    np.testing.assert_array_equal(read_all(many, np.repeat(TOKENS[9:, :1], 8, axis=1))[:, 3], expected)


@pytest.mark.usefixtures("soon")
def test_places_without_a_text_change_no_bit() -> None:
    """A text that is put at one place of a tile has the bits that it has among others."""
    model, width = network("gru"), tile_width()
    full, sparse, nothing = model.many(width), model.many(width), model.reader().save()
    sparse.put_(2, nothing)
    for place in range(width):
        full.put_(place, nothing)
    steps = TOKENS[:, :width]
    np.testing.assert_array_equal(read_all(sparse, steps)[:, 2], read_all(full, steps)[:, 2])


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("num_read", [2, BEGINS, 9])
def test_texts_spread_from_what_was_saved(num_read: int) -> None:
    """Early or late, a text may go on in several places of its tile's column, whatever was read since."""
    model, width = network(), tile_width()
    readers = model.many(2 * width)
    read_all(readers, TOKENS[:num_read, : 2 * width])
    saved, expected = readers.save(), read_all(readers, TOKENS[num_read:, : 2 * width])
    places = np.array([*range(width), *range(width)])
    readers.spread_(saved, places)
    logits = read_all(readers, TOKENS[num_read:, places])
    np.testing.assert_array_equal(logits, expected[:, places])
