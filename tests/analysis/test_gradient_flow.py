"""Gradients back in time: the same by central differences, and those that are known beforehand."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.analysis.gradient_flow import LAGS, GradientFlow, gradient_flow
from charseq.arrays import FloatArray
from charseq.cells import CELLS
from charseq.config import CellName, ModelConfig, Unit
from charseq.errors import DataError
from charseq.network import CharModel
from charseq.text import CharTokenizer
from charseq.text.codec import Codec
from tests.builders import pairwise

TOKENIZER = CharTokenizer.fit("abcde fghij\n")
ALPHABET = [char for char in TOKENIZER.vocab if char != "\n"]
UNITS: tuple[Unit, ...] = ("stream", "line")
each_cell = pytest.mark.parametrize("cell", CELLS)
each_unit = pytest.mark.parametrize("unit", UNITS)


def make_model(
    cell: CellName,
    num_layers: int = 1,
    *,
    hidden_size: int = 4,
    embedding_size: int = 0,
    dropout: float = 0,
    rms_norm: bool = False,
    dtype: type = np.float64,
) -> CharModel:
    """Return a model with random parameters, none of them zero."""
    config = ModelConfig(
        cell=cell,
        hidden_size=hidden_size,
        num_layers=num_layers,
        embedding_size=embedding_size,
        dropout=dropout,
        rms_norm=rms_norm,
    )
    model = CharModel(config, TOKENIZER.vocab_size, dtype)
    model.params.flat[...] = np.random.default_rng(0).normal(0, 0.6, model.params.flat.size)
    return model


def random_text(num_chars: int, *, seed: int = 1) -> str:
    """Return characters of the vocabulary, none of them a newline."""
    return "".join(np.random.default_rng(seed).choice(ALPHABET, num_chars).tolist())


def lines(*lengths: int) -> str:
    """Return a line of random characters for each length."""
    return "".join(f"{random_text(length, seed=length)}\n" for length in lengths)


def norm_by_differences(model: CharModel, begin: str, end: str, layer: int) -> float:
    """Return the norm of d(-log p of the last of `end`) / d(state of the layer before the others of it).

    `begin` is read first, from the zero state after the zero vector; "^" stands for that vector.
    """
    eps, work = 1e-6, model.workspace(1, 1, backward=False)
    state = model.initial_state(1)

    def read(chars: str) -> FloatArray:
        logits: FloatArray = np.empty(0)
        for token in TOKENIZER.encode(chars):
            logits = model.forward(np.array([[token]], np.int32), state, work)[0, 0].copy()
        return logits

    def nats() -> float:
        logits = read(end[:-1])
        return float(np.log(np.exp(logits).sum()) - logits[TOKENIZER.encode(end[-1])[0]])

    read(begin)
    kept = {name: array.copy() for name, array in state.arrays.items()}
    slopes = []
    for name in kept:
        if not name.startswith(f"layers.{layer}."):
            continue
        for unit in range(model.config.hidden_size):
            losses = []
            for step in (eps, -eps):
                for other, array in state.arrays.items():
                    array[...] = kept[other]
                state.arrays[name][0, unit] += step
                losses.append(nats())
            slopes.append((losses[0] - losses[1]) / (2 * eps))
    return math.hypot(*slopes)


def check_by_differences(model: CharModel, flow: GradientFlow, text: str) -> None:
    """Compare every norm with central differences on the model read plainly, from the text's beginning."""
    assert len(flow.positions) > 0
    for n, position in enumerate(flow.positions.tolist()):
        before = f"^{text[:position]}"
        for k, lag in enumerate(flow.lags):
            for layer in range(len(model.layers)):
                end = before[len(before) - lag :] + text[position]
                expected = norm_by_differences(model, before[: len(before) - lag], end, layer)
                assert flow.norms[layer, k, n] == pytest.approx(expected, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize(
    ("cell", "num_layers", "embedding_size", "rms_norm"),
    pairwise(list(CELLS), [1, 2], [0, 3], [False, True]),
)
def test_norms_are_those_of_central_differences(
    cell: CellName, num_layers: int, embedding_size: int, rms_norm: bool
) -> None:
    """Moving any unit of the state k steps earlier changes the loss of the character as the norm says."""
    model = make_model(cell, num_layers, embedding_size=embedding_size, rms_norm=rms_norm)
    text = random_text(14)
    flow = gradient_flow(model, Codec(TOKENIZER, "stream"), text, num_positions=3, lags=(1, 2, 5))
    assert flow.positions.tolist() == [5, 9, 13]
    check_by_differences(model, flow, text)


@each_cell
def test_the_state_is_that_of_running_text(cell: CellName) -> None:
    """Far into a text the gradient is that after reading all of it, as far as the model remembers at all."""
    model, text = make_model(cell), random_text(500)
    flow = gradient_flow(model, Codec(TOKENIZER, "stream"), text, num_positions=2, lags=(1, 3))
    check_by_differences(model, flow, text)


def test_a_lag_longer_than_any() -> None:
    """Lags are what one asks for, longer ones than are usual too."""
    flow = gradient_flow(halving_model(), Codec(TOKENIZER, "stream"), random_text(300), lags=(1, 200))
    assert flow.median[0, 1] == pytest.approx(flow.median[0, 0] * 0.5**199)


@each_cell
def test_a_line_begins_with_its_newline(cell: CellName) -> None:
    """With unit line, a line of its own has the norms of its characters read after a newline."""
    model, line = make_model(cell), random_text(12)
    flow = gradient_flow(model, Codec(TOKENIZER, "line"), line, num_positions=4, lags=(1, 4))
    for n, position in enumerate(flow.positions.tolist()):
        before = f"\n{line[:position]}"
        for k, lag in enumerate(flow.lags):
            begin, end = before[:-lag], before[-lag:] + line[position]
            expected = norm_by_differences(model, begin, end, 0)
            assert flow.norms[0, k, n] == pytest.approx(expected, rel=1e-5)


@each_cell
def test_lines_before_do_not_matter(cell: CellName) -> None:
    """With unit line, a line has the norms it has alone, whatever stands before it."""
    model, line = make_model(cell), random_text(12)
    alone = gradient_flow(model, Codec(TOKENIZER, "line"), line, num_positions=99, lags=(1, 4))
    after = gradient_flow(
        model, Codec(TOKENIZER, "line"), f"{lines(5, 3)}{line}", num_positions=99, lags=(1, 4)
    )
    np.testing.assert_allclose(after.norms[..., -len(alone.positions) :], alone.norms, rtol=1e-12)


def test_positions_have_the_longest_lag_in_their_line() -> None:
    """With unit line, no gradient is taken across the border of lines."""
    text = lines(9, 5, 12, 6, 7)
    flow = gradient_flow(make_model("gru"), Codec(TOKENIZER, "line"), text, num_positions=99)
    assert flow.lags == (1, 2, 3, 4, 6, 8)
    columns = [position - (text.rfind("\n", 0, position) + 1) for position in flow.positions.tolist()]
    assert columns == [8, 9, 8, 9, 10, 11, 12]
    assert np.all(flow.norms > 0)


@pytest.mark.parametrize(("num_short", "lags"), [(100, (1, 2, 3)), (101, (1, 2))])
def test_a_lag_is_that_of_many_characters(num_short: int, lags: tuple[int, ...]) -> None:
    """A lag that fewer than one in ten characters have behind them is left out: one line is no text."""
    text = "abcd\n" * 20 + "ab\n" * num_short
    flow = gradient_flow(make_model("rnn"), Codec(TOKENIZER, "line"), text, num_positions=5, lags=(1, 2, 3))
    assert flow.lags == lags


@pytest.mark.parametrize(
    ("length", "longest"),
    [(2, 1), (3, 2), (9, 8), (13, 8), (14, 12), (100, 64), (107, 96), (142, 96), (143, 128)],
)
def test_a_short_text_has_fewer_lags(length: int, longest: int) -> None:
    """Of a short text the lags are measured that a tenth of its characters have behind them."""
    flow = gradient_flow(make_model("rnn"), Codec(TOKENIZER, "stream"), random_text(length))
    assert flow.lags == tuple(lag for lag in LAGS if lag <= longest)
    assert flow.norms.shape == (1, len(flow.lags), len(flow.positions))


@pytest.mark.parametrize(
    ("unit", "text"), [("stream", ""), ("stream", "a"), ("line", "\n\n\n\n"), ("stream", "ŻŻŻ"), ("line", "")]
)
def test_a_text_without_a_past(unit: Unit, text: str) -> None:
    """A text of which no known character has another before it is refused."""
    with pytest.raises(DataError, match="too short for gradients"):
        gradient_flow(make_model("rnn"), Codec(TOKENIZER, unit), text)


def test_positions_are_spread_over_the_text() -> None:
    """Positions are evenly spread, from the first that can be to the last."""
    flow = gradient_flow(
        make_model("rnn"), Codec(TOKENIZER, "stream"), random_text(104), num_positions=5, lags=(4,)
    )
    assert flow.positions.tolist() == [4, 29, 54, 78, 103]


def test_no_position_counts_twice() -> None:
    """Of a text with fewer characters than positions wanted, each is one."""
    flow = gradient_flow(make_model("rnn"), Codec(TOKENIZER, "stream"), random_text(9), lags=(2,))
    assert flow.positions.tolist() == [2, 3, 4, 5, 6, 7, 8]


def test_unseen_characters_are_read_but_not_predicted() -> None:
    """A character that the vocabulary lacks has no gradient, but one after it does."""
    model, text = make_model("lstm"), "abŻcdŻŻe"
    flow = gradient_flow(model, Codec(TOKENIZER, "stream"), text, lags=(1, 2))
    assert flow.positions.tolist() == [3, 4, 7]
    check_by_differences(model, flow, text)


@each_unit
@each_cell
def test_positions_do_not_touch_each_other(cell: CellName, unit: Unit) -> None:
    """A position has the norms that it has among others, however many are read together."""
    model, text = make_model(cell, 2), lines(40, 30, 50, 45)
    many = gradient_flow(model, Codec(TOKENIZER, unit), text, num_positions=40, lags=(1, 7))
    few = gradient_flow(model, Codec(TOKENIZER, unit), text, num_positions=3, lags=(1, 7))
    assert set(few.positions) & set(many.positions) == {few.positions[0], few.positions[-1]}
    np.testing.assert_allclose(few.norms[..., [0, -1]], many.norms[..., [0, -1]], rtol=1e-9)


def test_dropout_does_not_act() -> None:
    """A model that was trained with dropout has the norms of one without."""
    text = random_text(20)
    with_dropout, without = (
        gradient_flow(make_model("lstm", 2, dropout=dropout), Codec(TOKENIZER, "stream"), text).norms
        for dropout in (0.5, 0)
    )
    np.testing.assert_array_equal(with_dropout, without)


def test_a_model_in_use_is_measured_in_float64() -> None:
    """Of a float32 model, gradients far below float32 are told from zero, and the model is left alone."""
    model = make_model("rnn", dtype=np.float32)
    model.params["layers.0.W"][...] *= 1e-2
    before = model.params.flat.copy()
    flow = gradient_flow(model, Codec(TOKENIZER, "stream"), random_text(400), num_positions=4)
    assert 0 < flow.median[0, -1] < 1e-200
    np.testing.assert_array_equal(model.params.flat, before)


# ---- what is known beforehand


def halving_model() -> CharModel:
    """Return a vanilla network that sees nothing, and whose W turns and halves its state."""
    model = make_model("rnn")
    rng = np.random.default_rng(2)
    for name in ("layers.0.U", "layers.0.b"):
        model.params[name].fill(0)
    model.params["layers.0.W"][...] = 0.5 * np.linalg.qr(rng.normal(size=(4, 4)))[0]
    return model


def test_the_gradient_of_a_contraction_vanishes() -> None:
    """Where each step halves the state, each step halves the gradient."""
    flow = gradient_flow(halving_model(), Codec(TOKENIZER, "stream"), random_text(200))
    assert flow.factors_per_step() == [pytest.approx(0.5)]
    assert flow.hundredth_lags() == [8]  # 0.5^7 is the first power below 1/100


def test_the_gradient_of_an_open_lstm_lasts() -> None:
    """A cell state whose forget gate is open keeps its gradient: it shrinks by sigma(10) a step."""
    model = make_model("lstm")
    model.params["layers.0.W"].fill(0)
    for letter in "Ub":
        np.split(model.params[f"layers.0.{letter}"], 4)[1].fill(10 if letter == "b" else 0)
    flow = gradient_flow(model, Codec(TOKENIZER, "stream"), random_text(400), num_positions=1)
    assert flow.lags[-1] == 128
    assert flow.factors_per_step() == [pytest.approx(1 / (1 + math.exp(-10)), rel=1e-9)]
    assert flow.hundredth_lags() == [None]


# ---- summaries


def make_flow(*medians: float, lags: tuple[int, ...] = (1, 2, 4)) -> GradientFlow:
    """Return the gradients of one layer at three positions, which are 0, 1 and 4 times the medians."""
    norms: NDArray[np.float64] = np.array(medians)[None, :, None] * [4, 1, 0]
    return GradientFlow(lags, np.arange(3), norms)


def test_quantiles() -> None:
    """The median and the quartiles are taken over the positions, each layer and lag by itself."""
    flow = make_flow(8, 2, 6)
    assert flow.median.tolist() == [[8, 2, 6]]
    assert flow.quantile(0.25).tolist() == [[4, 1, 3]]
    assert flow.quantile(0.75).tolist() == [[20, 5, 15]]


@pytest.mark.parametrize(
    ("medians", "factor"),
    [
        ((8, 3, 1), 0.5),
        ((1, 5, 8), 2),
        ((8, 2, 0), 0.25),
        ((8, 0, 1), 0.5),
        ((8, 0, 0), None),
        ((0, 0, 0), None),
        ((0, 0, 1), None),
        ((1e300, 1, 1e-300), 1e-200),
    ],
)
def test_factor_per_step(medians: tuple[float, ...], factor: float | None) -> None:
    """The factor is the geometric mean from the first lag to the last that is alive."""
    assert make_flow(*medians).factors_per_step() == [factor if factor is None else pytest.approx(factor)]


def test_a_single_lag_has_no_factor() -> None:
    """Where only one lag was measured, there is nothing to compare."""
    assert make_flow(3, lags=(1,)).factors_per_step() == [None]


@pytest.mark.parametrize(
    ("medians", "lag"), [((100, 1, 0.9), 4), ((100, 0.9, 3), 2), ((100, 1, 1), None), ((0, 0, 0), None)]
)
def test_hundredth_lag(medians: tuple[float, ...], lag: int | None) -> None:
    """A hundredth is passed at the first lag whose median is less than that; none may be."""
    assert make_flow(*medians).hundredth_lags() == [lag]
