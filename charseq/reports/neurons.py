"""The report on neurons: the state of each after each character of a text."""

from operator import attrgetter
from typing import NamedTuple

from charseq.analysis.inspection import NeuronStates
from charseq.reports.coloured import ColouredReport, Colouring
from charseq.reports.column import field
from charseq.reports.display.heat import ACTIVATION


class Activation(NamedTuple):
    """The state of a neuron after a character."""

    offset: int
    char: str
    layer: int
    neuron: int
    activation: float


class NeuronReport(ColouredReport):
    """The text coloured by the states of some neurons."""

    name, title, scale = "neurons", "Neurons", ACTIVATION
    help = "`charseq inspect --neuron LAYER:NEURON`. One row for each neuron and character."
    columns = (
        field("offset", attrgetter("offset"), "place of the character, from 0"),
        field("char", attrgetter("char"), "the character"),
        field("layer", attrgetter("layer"), "the layer, counted from 1"),
        field("neuron", attrgetter("neuron"), "the neuron in its layer, counted from 1"),
        field("activation", attrgetter("activation"), "its state after the character, from -1 to 1"),
    )

    def items(self, result: NeuronStates) -> list[Activation]:
        """Return the state of each neuron after each character."""
        return [
            Activation(offset, char, *place, value)
            for place in result.neurons
            for offset, (char, value) in enumerate(zip(result.text, result.of(place).tolist(), strict=True))
        ]

    def colourings(self, result: NeuronStates) -> list[Colouring]:
        """Return a colouring for each neuron."""
        return [
            Colouring(f"layer {layer}, neuron {neuron}", result.of((layer, neuron)))
            for layer, neuron in result.neurons
        ]
