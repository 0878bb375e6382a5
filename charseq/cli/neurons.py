"""The option --neuron, which names a neuron by its layer and its number."""

import re
from typing import Annotated

import typer

from charseq.errors import ConfigError

NeuronOption = Annotated[
    list[str] | None,
    typer.Option(
        "--neuron", metavar="LAYER:NEURON", help="A neuron's state after each character; repeatable."
    ),
]
StepNeuronOption = Annotated[
    list[str] | None,
    typer.Option(
        "--neuron",
        metavar="LAYER:NEURON",
        help="With --steps: a neuron's gates, candidate and states at each step; repeatable.",
    ),
]


def places_of(neurons: list[str] | None) -> list[tuple[int, int]]:
    """Return the layer and the number of each neuron, such as 1:37. Raises ConfigError for anything else."""
    return [_place(neuron) for neuron in neurons or []]


def _place(neuron: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,9}):(\d{1,9})", neuron, re.ASCII)
    if match is None:
        raise ConfigError(f"--neuron must read LAYER:NEURON, such as 1:37; got {neuron!r}")
    return int(match[1]), int(match[2])
