"""Compiled readers: the logits of the readers by NumPy, and the same bits for any number of texts."""

from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("numba")
from charseq.cells import CELLS
from charseq.config import ModelConfig
from charseq.network import CharModel
from charseq.network.compiled_reader import CompiledReaders
from charseq.network.reader import Reader
from charseq.network.weights import Weights
from charseq.text import UNSEEN
from tests.builders import with_random_parameters

Array: TypeAlias = NDArray[Any]
VOCAB = 19
TOKENS = np.random.default_rng(0).integers(UNSEEN, VOCAB, (12, 20)).astype(np.int32)
"""A token of each of twenty texts at every step."""

every_cell = pytest.mark.parametrize("cell", CELLS)


def network(
    cell: str, num_layers: int = 2, embedding_size: int = 0, hidden_size: int = 24, rms_norm: bool = False
) -> CharModel:
    config = ModelConfig(
        cell=cell,  # type: ignore[arg-type]
        hidden_size=hidden_size,
        num_layers=num_layers,
        embedding_size=embedding_size,
        rms_norm=rms_norm,
    )
    return with_random_parameters(CharModel(config, VOCAB), scale=0.2)


def compiled(model: CharModel, num_texts: int) -> CompiledReaders:
    return CompiledReaders(Weights.copied(model.params, model.layers), model.layers, num_texts)


def read(readers: CompiledReaders, tokens: Array) -> Array:
    """Return the logits (T, N, V) after each of `tokens` (T, N)."""
    return np.array([readers.read(step).copy() for step in tokens])


@pytest.mark.parametrize("rms_norm", [False, True], ids=["plain", "normalised"])
@pytest.mark.parametrize(
    ("num_layers", "embedding_size", "hidden_size"),
    [(1, 0, 1), (2, 3, 7), (3, 0, 16), (2, 0, 24), (1, 5, 64), (2, 0, 70)],
)
@every_cell
def test_the_logits_are_those_of_the_reader_by_numpy(
    cell: str, num_layers: int, embedding_size: int, hidden_size: int, rms_norm: bool
) -> None:
    """They differ by rounding alone, whether sizes fill panels or not, unseen characters among the inputs."""
    model = network(cell, num_layers, embedding_size, hidden_size, rms_norm)
    plain = Reader(Weights.copied(model.params, model.layers), model.layers)
    one, expected = compiled(model, 1), [plain.read(token).copy() for token in TOKENS[:, 0].tolist()]
    logits = [one.read_one(token).copy() for token in TOKENS[:, 0].tolist()]
    np.testing.assert_allclose(logits, expected, rtol=0, atol=2e-5)


@pytest.mark.parametrize("rms_norm", [False, True], ids=["plain", "normalised"])
@pytest.mark.parametrize("num_texts", [2, 5, 8, 20])
@every_cell
def test_a_text_has_the_same_bits_alone_and_among_others(cell: str, num_texts: int, rms_norm: bool) -> None:
    """Its place among them does not matter."""
    model = network(cell, 2, 3, 37, rms_norm)
    logits = read(compiled(model, num_texts), TOKENS[:, :num_texts])
    for place in {0, 1, num_texts // 2, num_texts - 1}:
        alone = read(compiled(model, 1), TOKENS[:, place : place + 1])
        np.testing.assert_array_equal(logits[:, place], alone[:, 0])


@pytest.mark.parametrize("places", [[0], [3], [1, 2, 6], [0, 1, 2, 3, 4, 5, 6]])
@every_cell
def test_only_the_texts_at_some_places_are_read(cell: str, places: list[int]) -> None:
    """Their bits are those of reading all; the others stay where they are."""
    model = network(cell)
    some, every = compiled(model, 7), compiled(model, 7)
    for step in TOKENS[:, :7]:
        logits = some.read(step, np.array(places))[places]
        np.testing.assert_array_equal(logits, every.read(step)[places])
    others = [place for place in range(7) if place not in places]
    assert not any(np.any(state) for place in others for state in some.states(place))


@every_cell
def test_a_text_goes_on_from_states_that_are_put(cell: str) -> None:
    """Those of another reader give the same bits, and the texts beside it are left alone."""
    model = network(cell)
    from_whole = read(compiled(model, 4), TOKENS[:, :4])
    first, second = compiled(model, 4), compiled(model, 4)
    read(first, TOKENS[:5, :4])
    read(second, TOKENS[:5, 4:8])
    for place in range(4):
        second.put_(place, first.states(place))
    np.testing.assert_array_equal(read(second, TOKENS[5:, :4]), from_whole[5:])


def test_texts_spread_from_what_was_saved() -> None:
    """A text may go on in several places, whatever was read since."""
    model = network("lstm")
    readers = compiled(model, 4)
    read(readers, TOKENS[:5, :4])
    saved, expected = readers.save(), read(readers, TOKENS[5:, :4])
    readers.spread_(saved, np.array([2, 2, 0, 3]))
    logits = read(readers, TOKENS[5:, [2, 2, 0, 3]])
    np.testing.assert_array_equal(logits, expected[:, [2, 2, 0, 3]])
