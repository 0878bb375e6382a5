"""States and gates while a text is read, the properties of texts, and the neurons that follow them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charseq.analysis import activations
from charseq.analysis.activations import (
    PROPERTIES,
    WINDOW_STEPS,
    all_states,
    correlations,
    gate_spreads,
    hidden_states,
    rank_neurons,
    step_states,
)
from charseq.arrays import FloatArray
from charseq.cells import CELLS
from charseq.config import CellName, ModelConfig, Unit
from charseq.errors import ConfigError
from charseq.network import CharModel
from charseq.text import UNSEEN, CharTokenizer
from charseq.text.codec import Codec
from tests import reference

TOKENIZER = CharTokenizer.fit("hello world\n")
UNITS: tuple[Unit, ...] = ("stream", "line")
GATED: tuple[CellName, ...] = ("gru", "lstm")
TEXT = "hello world\nlow Żole\n\nhero" * 25
each_cell = pytest.mark.parametrize("cell", CELLS)
each_gated_cell = pytest.mark.parametrize("cell", GATED)
each_unit = pytest.mark.parametrize("unit", UNITS)
assert len(TEXT) > 2 * WINDOW_STEPS


def make_model(cell: CellName, num_layers: int = 2, dtype: type = np.float64) -> CharModel:
    """Return a model with random parameters, none of them zero."""
    model = CharModel(
        ModelConfig(cell=cell, hidden_size=5, num_layers=num_layers), TOKENIZER.vocab_size, dtype
    )
    model.params.flat[...] = np.random.default_rng(0).normal(0, 0.6, model.params.flat.size)
    return model


def read_plainly(model: CharModel, unit: Unit, text: str) -> FloatArray:
    """Return h of every layer before the text and after each character, (layers, 1 + L, H), one at a time."""
    work, state = model.workspace(1, 1, backward=False), model.initial_state(1)

    states = []
    for char in ["\n" if unit == "line" else "", *text]:
        if unit == "line" and char == "\n":
            state.reset_()
        token = TOKENIZER.vocab.index(char) if char in TOKENIZER.vocab else UNSEEN
        model.forward(np.array([[token]], np.int32), state, work)
        states.append([state.arrays[f"{layer.name}.h"][0].copy() for layer in model.layers])
    return np.array(states).swapaxes(0, 1)


# ---- states


@each_unit
@each_cell
def test_states_are_those_of_reading_plainly(cell: CellName, unit: Unit) -> None:
    """The state after each character is that of a model that reads one at a time, restarts and all."""
    model = make_model(cell)
    states = hidden_states(model, Codec(TOKENIZER, unit), TEXT)
    np.testing.assert_allclose(states, read_plainly(model, unit, TEXT)[:, 1:], rtol=0, atol=1e-12)


@each_unit
@pytest.mark.parametrize("length", [1, WINDOW_STEPS - 1, WINDOW_STEPS, WINDOW_STEPS + 1])
def test_the_end_of_the_text_does_not_matter(unit: Unit, length: int) -> None:
    """A state depends on what was read before, whatever follows and however it falls into windows."""
    model = make_model("gru")
    states = hidden_states(model, Codec(TOKENIZER, unit), TEXT[:length])
    whole = hidden_states(model, Codec(TOKENIZER, unit), TEXT)
    np.testing.assert_allclose(states, whole[:, :length], rtol=0, atol=1e-12)


@each_cell
def test_a_line_has_the_states_it_has_alone(cell: CellName) -> None:
    """With unit line nothing before a line's newline reaches into it."""
    model = make_model(cell)
    alone = hidden_states(model, Codec(TOKENIZER, "line"), "hello")
    after = hidden_states(model, Codec(TOKENIZER, "line"), "low world\nhello")
    np.testing.assert_allclose(after[:, -5:], alone, rtol=0, atol=1e-12)


def test_states_have_the_dtype_of_the_model() -> None:
    """The states of a float32 model are float32."""
    states = hidden_states(make_model("rnn", dtype=np.float32), Codec(TOKENIZER, "stream"), "hello")
    assert (states.dtype, states.shape) == (np.float32, (2, 5, 5))


@each_unit
def test_an_empty_text_has_no_states(unit: Unit) -> None:
    """Where nothing is read there is no state."""
    assert hidden_states(make_model("rnn"), Codec(TOKENIZER, unit), "").shape == (2, 0, 5)


# ---- gates


def inside_by_hand(model: CharModel, unit: Unit, text: str) -> dict[str, FloatArray]:
    """Return the first layer's gates and candidate (L, H) from the equations and the plain states."""
    names = {"gru": ["reset gate", "update gate"], "lstm": ["input gate", "forget gate", "output gate"]}
    cell, params = model.config.cell, model.params
    before = read_plainly(model, unit, text)[0, :-1]
    if unit == "line":
        before[[char == "\n" for char in text]] = 0
    x = np.zeros((len(text), TOKENIZER.vocab_size))
    for t, char in enumerate(text):
        if char in TOKENIZER.vocab:
            x[t, TOKENIZER.vocab.index(char)] = 1
    a, through_W = x @ params["layers.0.U"].T + params["layers.0.b"], before @ params["layers.0.W"].T
    blocks = np.split(reference.sigma(a + through_W), len(names[cell]) + 1, axis=1)
    size = model.config.hidden_size
    last, recurrent = a[:, -size:], through_W[:, -size:]
    if cell == "gru":
        recurrent = blocks[0] * (recurrent + params["layers.0.b_h"])
    return dict(zip(names[cell], blocks, strict=False)) | {"candidate": np.tanh(last + recurrent)}


@each_unit
@each_gated_cell
def test_gates_are_those_of_the_equations(cell: CellName, unit: Unit) -> None:
    """The gates and the candidate of the first layer follow from their equations, for each character."""
    model = make_model(cell)
    states, expected = all_states(model, Codec(TOKENIZER, unit), TEXT), inside_by_hand(model, unit, TEXT)
    assert states.candidate is not None
    inside = states.gates | {"candidate": states.candidate}
    assert list(inside) == list(expected)
    for name, by_hand in expected.items():
        assert inside[name].shape == (2, len(TEXT), 5)
        np.testing.assert_allclose(inside[name][0], by_hand, rtol=0, atol=1e-12, err_msg=name)


@each_gated_cell
def test_a_spread_is_taken_over_the_neurons(cell: CellName) -> None:
    """Mean, quartiles, and the shares that are shut and open are those of the gates one by one."""
    model = make_model(cell)
    model.params.flat[...] *= 6  # so that some gates are shut and others open
    gates, spreads = (take(model, Codec(TOKENIZER, "line"), TEXT) for take in (all_states, gate_spreads))
    assert list(spreads) == list(gates.gates)
    for name, gate in gates.gates.items():
        for layer, char in ((0, 3), (1, len(TEXT) - 1)):
            values = sorted(gate[layer, char].tolist())
            shut, wide = sum(v < 0.1 for v in values) / 5, sum(v > 0.9 for v in values) / 5
            expected = [sum(values) / 5, values[1], values[2], values[3], shut, wide]
            np.testing.assert_allclose(spreads[name][layer, char], expected, rtol=0, atol=1e-12)
    assert all(0 < spread[..., 4:].mean() < 1 for spread in spreads.values())


@each_cell
def test_the_inside_of_one_neuron_is_that_of_all(cell: CellName) -> None:
    """Taken alone, it has the same numbers under the same names, in the order of the equations."""
    model = make_model(cell)
    alone = all_states(model, Codec(TOKENIZER, "line"), TEXT, 3).by_name
    together = all_states(model, Codec(TOKENIZER, "line"), TEXT).by_name
    assert list(alone) == list(together)
    assert list(alone)[-1] == "h"
    for name, values in together.items():
        np.testing.assert_array_equal(alone[name], values[:, :, 3:4])


@each_unit
@each_cell
def test_steps_begin_with_the_start(cell: CellName, unit: Unit) -> None:
    """The first step reads what stands before a text; the others are those of its characters."""
    model = make_model(cell)
    steps = step_states(model, Codec(TOKENIZER, unit), TEXT)
    np.testing.assert_allclose(steps.hidden, read_plainly(model, unit, TEXT), rtol=0, atol=1e-12)


@pytest.mark.parametrize("k", [0, 1])
@each_gated_cell
def test_each_layer_has_gates_of_its_own(cell: CellName, k: int) -> None:
    """A layer whose biases are large has open gates, the other one has not."""
    model = make_model(cell)
    for letter in "UW":
        model.params[f"layers.{k}.{letter}"].fill(0)
    model.params[f"layers.{k}.b"].fill(50)
    for gate in gate_spreads(model, Codec(TOKENIZER, "stream"), TEXT).values():
        assert gate[k, :, 0].tolist() == [1] * len(TEXT)
        assert np.all((gate[1 - k, :, 0] > 0) & (gate[1 - k, :, 0] < 1))


def test_a_cell_without_gates_is_refused() -> None:
    """A vanilla network has no gates to look at, and is named."""
    with pytest.raises(ConfigError, match="the cell rnn has no gates"):
        gate_spreads(make_model("rnn"), Codec(TOKENIZER, "stream"), "hello")


# ---- neurons that follow a property


def test_correlations_are_pearsons() -> None:
    """Each r is that of the textbook, for every neuron of every layer, over any number of windows."""
    rng = np.random.default_rng(1)
    states, values = rng.normal(3, 1, (2, 700, 3)), rng.normal(-2, 5, 700)
    states[1, :, 2] -= values
    expected = [[np.corrcoef(states[k, :, j], values)[0, 1] for j in range(3)] for k in range(2)]
    np.testing.assert_allclose(correlations(states, values), expected, rtol=0, atol=1e-12)


def test_correlations_of_float32_states_are_exact() -> None:
    """Narrow states far from zero lose nothing: sums are taken in float64."""
    values = np.tile([0.0, 1.0], 50_000)
    states = (1000 + values).astype(np.float32)[None, :, None]
    np.testing.assert_allclose(correlations(states, values), [[1]], rtol=0, atol=1e-12)


def test_perfect_correlation_is_no_more_than_one() -> None:
    """Rounding takes no r beyond 1 or -1."""
    values = np.random.default_rng(2).normal(size=50)
    states = np.stack([values * k + 0.1 for k in range(-20, 20) if k], axis=-1)[None]
    assert np.all(np.abs(correlations(states, values)) <= 1)


@pytest.mark.parametrize("constant", [0.0, 0.1, 1 / 3])
def test_what_is_constant_correlates_with_nothing(constant: float) -> None:
    """A neuron that never moves, and a property that a text never changes, have r = 0, not nan."""
    moving = np.random.default_rng(3).normal(size=(1, 9, 2))
    states = moving.copy()
    states[0, :, 0] = constant
    assert correlations(states, moving[0, :, 1])[0].tolist() == [0, pytest.approx(1)]
    assert correlations(moving, np.full(9, constant)).tolist() == [[0, 0]]


def test_neurons_are_ranked() -> None:
    """Units come by |r|, those that oppose the property among them, counted from 1."""
    values = np.arange(8.0)
    states = np.zeros((2, 8, 3))
    states[0, :, 2] = -values
    states[1, :, 0] = values**2
    states[1, :, 1] = -(values**3)
    ranked = rank_neurons(states, values, 3)
    assert [place[:2] for place in ranked] == [(1, 3), (2, 1), (2, 2)]
    r = [np.corrcoef(values**2, values)[0, 1], -np.corrcoef(values**3, values)[0, 1]]
    assert [place[2] for place in ranked] == pytest.approx([-1, *r])


def test_equal_neurons_come_in_order() -> None:
    """Of neurons with the same |r| those of the first layer come first, in their order."""
    values = np.arange(4.0)
    states = np.stack([values**2, -values] * 50, axis=-1)[None].repeat(2, axis=0)
    ranked = rank_neurons(states, values, 999)
    places = [(layer, neuron) for layer in (1, 2) for neuron in range(1, 101)]
    assert [place[:2] for place in ranked] == sorted(places, key=lambda place: place[1] % 2)


def test_a_neuron_that_counts_is_found() -> None:
    """A neuron that is set to count columns is the first to be named for the position."""
    model = make_model("rnn", 1)
    states = hidden_states(model, Codec(TOKENIZER, "stream"), TEXT)
    states[0, :, 3] = PROPERTIES["position"](TEXT) / 100
    assert rank_neurons(states, PROPERTIES["position"](TEXT), 1) == [(1, 4, pytest.approx(1))]


# ---- properties


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ('a "bc" d', "00111000"),
        ('""', "10"),
        ('"a"b"c', "110011"),
        ("“a” b", "11000"),
        ("„a” „b“ c", "110011000"),
        ("«a» b", "11000"),
        ("a” b» c", "0000000"),
        ("“a 'b' \"c\" d”e", "11111111111100"),
        ("“a « b” c", "111111000"),
        ('"a\nb', "1111"),
        ('"a\n\nb"c', "1110011"),
        ('"a\n \t\nb', "1111100"),
        ('"a\r\n\r\nb', "1111100"),
        ('\n"a', "011"),
    ],
)
def test_quote(text: str, inside: str) -> None:
    """Inside is from the opening mark up to the closing one; a blank line ends what was left open."""
    assert "".join(f"{value:.0f}" for value in PROPERTIES["quote"](text)) == inside


@pytest.mark.parametrize(
    ("text", "values"), [("ab\nc\n\nd", "0101100"), ("a\n", "10"), ("\n", "0"), ("\r\n", "10")]
)
def test_newline(text: str, values: str) -> None:
    """The character before a newline is marked, the last one never: nothing follows it."""
    assert "".join(f"{value:.0f}" for value in PROPERTIES["newline"](text)) == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("ab\n  c d\n\te", [0, 0, 0, 2, 2, 2, 2, 2, 2, 8, 8]),
        ("   \tx", [8] * 5),
        ("\t x", [9, 9, 9]),
        ("  \n\nx", [2, 2, 2, 0, 0]),
        ("a\r  b", [0] * 5),
        ("\u3000x", [0, 0]),
    ],
)
def test_indent(text: str, values: list[int]) -> None:
    """Every character of a line, its newline too, has the width of the blanks that the line begins with."""
    assert PROPERTIES["indent"](text).tolist() == values


def test_position() -> None:
    """The column starts at 0 after each newline, which itself is the last of its line."""
    assert PROPERTIES["position"]("ab\n\tc\n\nd").tolist() == [0, 1, 2, 0, 1, 2, 0, 0]


@pytest.mark.parametrize("name", PROPERTIES)
@given(text=st.text(st.sampled_from('ab "“”«»„\n\t\r\u2028é')))
def test_a_property_is_a_number_for_each_character(name: str, text: str) -> None:
    """Whatever the text, there are as many numbers as characters, none of them negative."""
    values = PROPERTIES[name](text)
    assert (values.shape, values.dtype) == ((len(text),), np.float64)
    assert np.all(values >= 0)


def test_the_names_of_properties() -> None:
    """What can be looked for is what the help says."""
    assert list(PROPERTIES) == ["quote", "newline", "indent", "position"]


def test_windows_are_read_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of another size give the same states and gates."""
    model = make_model("lstm")
    expected = (
        hidden_states(model, Codec(TOKENIZER, "line"), TEXT),
        gate_spreads(model, Codec(TOKENIZER, "line"), TEXT),
    )
    monkeypatch.setattr(activations, "WINDOW_STEPS", 7)
    np.testing.assert_allclose(hidden_states(model, Codec(TOKENIZER, "line"), TEXT), expected[0], atol=1e-12)
    for name, gate in gate_spreads(model, Codec(TOKENIZER, "line"), TEXT).items():
        np.testing.assert_allclose(gate, expected[1][name], atol=1e-12)
