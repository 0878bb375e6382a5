"""The insides of networks that have read a text: gates over neurons, one neuron, whole states."""

import numpy as np
import pytest

from charseq.analysis.activations import all_states, gate_spreads
from charseq.analysis.inside import insides_of, require_gates, scale_of, spreads_of, states_of
from charseq.errors import ConfigError
from tests.analysis.builders import checkpoint_of
from tests.reports.checkpoints import counted

TEXT = 'he said "low"\nand kin\n' * 3


def test_spreads_are_those_of_the_analysis() -> None:
    """Each layer has each gate, with its six numbers by their names."""
    checkpoint = checkpoint_of("line")
    expected = gate_spreads(checkpoint.network, checkpoint.codec, TEXT)
    found = list(spreads_of(checkpoint, TEXT).each())
    assert [(layer, gate) for layer, gate, _ in found] == [(1, gate) for gate in expected]
    for _, gate, spread in found:
        assert list(spread) == ["mean", "q1", "median", "q3", "shut", "open"]
        np.testing.assert_array_equal(np.stack([*spread.values()], axis=1), expected[gate][0])


def test_the_inside_of_a_neuron_is_its_own() -> None:
    """Layer and neuron are counted from 1; gates, candidate and state follow each other."""
    checkpoint = checkpoint_of()
    (first, last) = insides_of(checkpoint, TEXT, [(1, 1), (1, 8)]).neurons
    states = all_states(checkpoint.network, checkpoint.codec, TEXT)
    assert list(first.values) == ["reset gate", "update gate", "candidate", "h"]
    np.testing.assert_array_equal(first.values["update gate"], states.gates["update gate"][0, :, 0])
    np.testing.assert_array_equal(last.values["h"], states.hidden[0, :, 7])


def test_a_neuron_that_is_not_there_has_no_inside() -> None:
    """The message names the last one."""
    with pytest.raises(ConfigError, match=r"^neuron 1:9: the model has neurons 1:1 to 1:8$"):
        insides_of(checkpoint_of(), TEXT, [(1, 9)])


def test_whole_states_are_those_of_the_analysis() -> None:
    """Every neuron after every character."""
    checkpoint = checkpoint_of()
    found = states_of(checkpoint, TEXT)
    expected = all_states(checkpoint.network, checkpoint.codec, TEXT)
    assert found.text == TEXT
    np.testing.assert_array_equal(found.states.hidden, expected.hidden)


def test_there_is_nothing_inside_n_grams() -> None:
    """A model of another kind has no gates and no states."""
    _, checkpoint = counted()
    for look in (lambda: require_gates(checkpoint), lambda: states_of(checkpoint, TEXT)):
        with pytest.raises(ConfigError, match="this kind of model has no states or gates"):
            look()


@pytest.mark.parametrize(("largest", "end"), [(0, 1), (0.3, 1), (1, 1), (1.01, 2), (3, 5), (-17, 20)])
def test_a_scale_ends_at_a_round_number(largest: float, end: float) -> None:
    """No value is beyond it."""
    assert scale_of(np.array([0.0, largest])) == end
