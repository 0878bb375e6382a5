"""Views inside a network that has read a text, and what is refused."""

import numpy as np
import pytest

from charseq.analysis.activations import hidden_states, rank_neurons
from charseq.analysis.inspection import (
    NamedText,
    find_neurons,
    flow_of,
    flows_of,
    neuron_states,
)
from charseq.errors import ConfigError, DataError
from tests.analysis.builders import checkpoint_of

TEXT = NamedText("a.txt", 'he said "low"\nand kin\n' * 9)


def test_flows_are_measured_on_one_text_under_the_names_of_the_models() -> None:
    """Each has the name of its cell."""
    flows = flows_of({"m": checkpoint_of(), "n": checkpoint_of("line")}, TEXT)
    assert flows.text == "a.txt"
    assert [(one.model, one.cell) for one in flows.flows] == [("m", "gru"), ("n", "gru")]


def test_a_text_that_is_too_short_for_gradients_is_named() -> None:
    """The error is that of the analysis."""
    with pytest.raises(DataError, match=r"^b\.txt: too short for gradients: "):
        flow_of("m", checkpoint_of(), NamedText("b.txt", "a"))


def test_the_states_of_a_neuron_are_its_own() -> None:
    """Layer and neuron are counted from 1."""
    checkpoint = checkpoint_of()
    found = neuron_states(checkpoint, TEXT.text, [(1, 8)])
    states = hidden_states(checkpoint.network, checkpoint.codec, TEXT.text)
    np.testing.assert_array_equal(found.of((1, 8)), states[0, :, 7])


@pytest.mark.parametrize("place", [(0, 1), (1, 0), (2, 1), (1, 9)])
def test_a_neuron_that_is_not_there_is_refused(place: tuple[int, int]) -> None:
    """The message names the last one."""
    layer, neuron = place
    with pytest.raises(ConfigError, match=rf"^neuron {layer}:{neuron}: the model has neurons 1:1 to 1:8$"):
        neuron_states(checkpoint_of(), TEXT.text, [place])


def test_neurons_that_follow_a_property_are_ranked() -> None:
    """Each has the name of the property."""
    checkpoint = checkpoint_of()
    found = find_neurons(checkpoint, TEXT, "quote", 3)
    states = hidden_states(checkpoint.network, checkpoint.codec, TEXT.text)
    inside, quoted = [], False
    for char in TEXT.text:
        quoted = quoted != (char == '"')
        inside.append(float(quoted))
    ranked = rank_neurons(states, np.array(inside), 3)
    assert [(one.layer, one.neuron, one.correlation) for one in found.found] == ranked
    assert {one.property for one in found.found} == {found.property} == {"quote"}


def test_a_property_that_never_changes_has_no_followers() -> None:
    """The text is named."""
    message = r"^b\.txt: quote is the same at each of its characters: no neuron can follow it$"
    with pytest.raises(DataError, match=message):
        find_neurons(checkpoint_of(), NamedText("b.txt", "abc\n"), "quote", 3)
