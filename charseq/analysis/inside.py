"""Views inside a network that has read a text: how open its gates are, one neuron's gates, whole states."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from charseq.analysis.activations import (
    SPREAD,
    States,
    all_states,
    check_gates,
    gate_spreads,
)
from charseq.analysis.inspection import Place, check_neurons
from charseq.arrays import FloatArray
from charseq.runs.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class GateSpreads:
    """The openness of the gates at each character of a text: the numbers of SPREAD over a layer's neurons.

    `spreads` (layers, L, 6) are by the gate's full name.
    """

    text: str
    spreads: dict[str, FloatArray]

    def each(self) -> Iterator[tuple[int, str, dict[str, FloatArray]]]:
        """Yield each layer, counted from 1, with each gate, and the numbers (L,) by their names in SPREAD."""
        num_layers = len(next(iter(self.spreads.values())))
        for layer in range(num_layers):
            for gate, spread in self.spreads.items():
                yield layer + 1, gate, dict(zip(SPREAD, spread[layer].T, strict=True))


def require_gates(checkpoint: Checkpoint) -> None:
    """Raise ConfigError for a model without gates."""
    check_gates(checkpoint.network)


def spreads_of(checkpoint: Checkpoint, text: str) -> GateSpreads:
    """Read a text and return how open the gates are. Raises ConfigError for a model without gates."""
    return GateSpreads(text, gate_spreads(checkpoint.network, checkpoint.codec, text))


@dataclass(frozen=True, slots=True)
class NeuronInside:
    """The gates, the candidate and the states of one neuron after each character of a text, (L,) by name.

    `gates` are the names of those that are gates.
    """

    place: Place
    values: dict[str, FloatArray]
    gates: tuple[str, ...]

    @classmethod
    def of(cls, place: Place, states: States, *, column: int) -> "NeuronInside":
        """Return the inside of the neuron at `place`, which is at `column` of the last axis of the arrays."""
        values = {name: array[place[0] - 1, :, column] for name, array in states.by_name.items()}
        return cls(place, values, tuple(states.gates))

    @property
    def name(self) -> str:
        """The neuron in words."""
        return f"layer {self.place[0]}, neuron {self.place[1]}"


@dataclass(frozen=True, slots=True)
class NeuronsInside:
    """The insides of some neurons while a text is read."""

    text: str
    neurons: tuple[NeuronInside, ...]


def insides_of(checkpoint: Checkpoint, text: str, neurons: Sequence[Place]) -> NeuronsInside:
    """Read a text and return the insides of `neurons`.

    Raises ConfigError for a neuron that does not exist, and for a model without gates.
    """
    network = checkpoint.network
    check_neurons(checkpoint, neurons)
    check_gates(network)
    found = (
        NeuronInside.of(place, all_states(network, checkpoint.codec, text, place[1] - 1), column=0)
        for place in neurons
    )
    return NeuronsInside(text, tuple(found))


@dataclass(frozen=True, slots=True)
class TextStates:
    """The states of all neurons after each character of a text."""

    text: str
    states: States


def states_of(checkpoint: Checkpoint, text: str) -> TextStates:
    """Read a text and return the states. Raises ConfigError for a model without states."""
    return TextStates(text, all_states(checkpoint.network, checkpoint.codec, text))


def scale_of(values: FloatArray) -> float:
    """Return the end of a symmetric scale for `values`: 1, 2, 5, 10, ... and at least their largest size."""
    largest = float(np.abs(values).max(initial=0.0))
    power = 1.0
    while True:
        for step in (1, 2, 5):
            if step * power >= largest:
                return step * power
        power *= 10
