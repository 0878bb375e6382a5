"""The report on gates: how open each kind of gate is at each character of a text."""

from collections.abc import Iterator
from operator import attrgetter
from typing import NamedTuple

from charseq.analysis.inspection import GateOpenness
from charseq.arrays import FloatArray
from charseq.reports.coloured import ColouredReport, Colouring
from charseq.reports.column import field
from charseq.reports.display.heat import OPENNESS


class Openness(NamedTuple):
    """The openness of a layer's gates at a character."""

    offset: int
    char: str
    layer: int
    gate: str
    openness: float


class GateReport(ColouredReport):
    """The text coloured by the openness of each kind of gate in each layer."""

    name, title, scale = "gates", "Gates", OPENNESS
    help = "`charseq inspect --gates`. One row for each layer, gate and character."
    columns = (
        field("offset", attrgetter("offset"), "place of the character, from 0"),
        field("char", attrgetter("char"), "the character"),
        field("layer", attrgetter("layer"), "the layer, counted from 1"),
        field("gate", attrgetter("gate"), "the name of the gate"),
        field("openness", attrgetter("openness"), "mean over the layer's neurons: 0 shut, 1 open"),
    )

    def items(self, result: GateOpenness) -> list[Openness]:
        """Return the openness of each gate at each character."""
        return [
            Openness(offset, char, layer, gate, value)
            for layer, gate, values in _gates(result)
            for offset, (char, value) in enumerate(zip(result.text, values.tolist(), strict=True))
        ]

    def colourings(self, result: GateOpenness) -> list[Colouring]:
        """Return a colouring for each layer and gate."""
        return [
            Colouring(f"layer {layer}, {gate}, {values.mean():.2f} open on average", values)
            for layer, gate, values in _gates(result)
        ]


def _gates(result: GateOpenness) -> Iterator[tuple[int, str, FloatArray]]:
    """Yield the layer, counted from 1, the gate, and its openness (L,)."""
    num_layers = len(next(iter(result.openness.values())))
    for layer in range(num_layers):
        for gate, values in result.openness.items():
            yield layer + 1, gate, values[layer]
