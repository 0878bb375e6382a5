"""When compiled code is used: for long texts, and never before it pays."""

import copy
from collections.abc import Iterator

import numpy as np
import pytest

from charseq.config import BackendName, ModelConfig
from charseq.network import CharModel
from charseq.scoring import Scorer
from charseq.scoring import compiling as module
from charseq.scoring.compiling import WORK_THAT_PAYS, Compiling, networks_in
from tests.scoring.twins import LINES, Kind
from tests.scoring.twins import model_of as cached_model_of


@pytest.fixture(autouse=True)
def numba() -> Iterator[None]:
    """Skip what needs numba where it is not installed."""
    pytest.importorskip("numba")
    return iter(())


def model_of(cell: str) -> CharModel:
    """Return a model of this test alone, which may be changed."""
    return copy.deepcopy(cached_model_of(cell, np.float32))


def num_tokens_that_pay(num_streams: int) -> int:
    model = model_of("gru")
    return int(WORK_THAT_PAYS // max(model.num_parameters, module.LEAST_WORK[num_streams])) + 1


@pytest.mark.parametrize("num_streams", [1, 32])
def test_a_short_text_is_read_by_numpy(num_streams: int) -> None:
    """Compiled code is used from the piece on with which the work is enough."""
    model = model_of("gru")
    compiling, some = Compiling(model, num_streams=num_streams), num_tokens_that_pay(num_streams) * 2 // 5
    found = list[bool]()
    for _ in range(4):
        compiling.count_(some)
        found.append(compiling.is_compiled)
    assert found == [False, False, True, True]


def test_what_is_looked_up_is_no_work() -> None:
    """A large vocabulary makes the table of the input tokens large, but no product with it."""
    model = CharModel(ModelConfig(cell="rnn", hidden_size=64), 5000)
    compiling = Compiling(model, num_streams=32)
    compiling.count_(int(WORK_THAT_PAYS / (0.9 * model.num_parameters)))
    assert not compiling.is_compiled


@pytest.mark.parametrize(("backend", "expected"), [("numpy", False), ("numba", True)])
def test_a_backend_can_be_given(backend: BackendName, expected: bool) -> None:
    """Then the length of the text does not matter."""
    compiling = Compiling(model_of("lstm"), num_streams=1, backend=backend)
    for num_tokens in (1, 10**12):
        compiling.count_(num_tokens)
        assert compiling.is_compiled is expected


@pytest.mark.parametrize(
    ("kind", "number"), [(Kind("gru", "line"), 1), (Kind("ngram", "line"), 0), (Kind("mixture", "line"), 1)]
)
def test_the_networks_of_a_model_are_found(kind: Kind, number: int) -> None:
    """Those of a mixture are among its members; counts are no network."""
    assert len(networks_in(kind.make())) == number


@pytest.mark.parametrize("unit", ["stream", "line"])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_compiled_code_gives_the_prices_of_numpy(cell: str, unit: str) -> None:
    """The nats of the two backends differ by rounding alone, and the ranks not at all."""
    codec = Kind(cell, "line" if unit == "line" else "stream").codec
    found, expected = (
        Scorer(model_of(cell), codec, backend=backend, foresees=True).score(LINES)
        for backend in ("numba", "numpy")
    )
    np.testing.assert_allclose(found.nats, expected.nats, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found.foreseen_nats, expected.foreseen_nats, rtol=0, atol=1e-5)
    assert np.mean(found.ranks == expected.ranks) > 0.99
