"""Views inside networks that have read a text: gradients, neurons, neurons that follow a property.

`inside.py` has those of gates and of whole states.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from charseq.analysis.activations import PROPERTIES, hidden_states, rank_neurons
from charseq.analysis.gradient_flow import GradientFlow, gradient_flow
from charseq.arrays import FloatArray
from charseq.errors import ConfigError, DataError
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.provenance import held_out_part
from charseq.text.beginning import read_beginning
from charseq.text.form import PLAIN, TextForm
from charseq.text.remarks import Remarks
from charseq.text.sniffing import STANDARD_INPUT

Place = tuple[int, int]
"""A neuron as (layer, neuron), both counted from 1."""


@dataclass(frozen=True, slots=True)
class NamedText:
    """A text, or its beginning, with its name; `is_cut` is true for a beginning."""

    name: str
    text: str
    is_cut: bool = False

    @classmethod
    def read(cls, source: str, num_chars: int, remarks: Remarks, form: TextForm = PLAIN) -> "NamedText":
        """Return the first `num_chars` characters of a source in `form`. Raises DataError if it is empty."""
        name = STANDARD_INPUT if source == "-" else source
        return cls._of(name, read_beginning(source, num_chars + 1, remarks, form), num_chars)

    @classmethod
    def test_part(cls, name: str, checkpoint: Checkpoint, num_chars: int) -> "NamedText":
        """Return the beginning of the test part of the model `name`; errors as in `held_out_part`."""
        part = held_out_part(checkpoint)[: num_chars + 1]
        return cls._of(f"the test part of {name}", str(part), num_chars)

    @classmethod
    def _of(cls, name: str, text: str, num_chars: int) -> "NamedText":
        if not text:
            raise DataError(f"{name}: empty: there is nothing to read")
        return cls(name, text[:num_chars], len(text) > num_chars)


# ---- gradients


@dataclass(frozen=True, slots=True)
class ModelFlow:
    """The gradient flow of one model, with its name and that of its cell."""

    model: str
    cell: str
    flow: GradientFlow


@dataclass(frozen=True, slots=True)
class TextFlow:
    """The gradient flow of several models, all measured on the text named `text`."""

    text: str
    flows: tuple[ModelFlow, ...]


def flow_of(name: str, checkpoint: Checkpoint, text: NamedText) -> ModelFlow:
    """Measure the gradient flow of one model.

    Raises DataError, naming the text, if it is too short; ConfigError if the model is not a network.
    """
    try:
        flow = gradient_flow(checkpoint.network, checkpoint.codec, text.text)
    except DataError as error:
        raise DataError(f"{text.name}: {error}") from None
    return ModelFlow(name, checkpoint.network_member.settings.model.cell, flow)


def flows_of(models: Mapping[str, Checkpoint], text: NamedText) -> TextFlow:
    """Measure the gradient flow of several models, by name, on the same text; errors as in `flow_of`."""
    return TextFlow(text.name, tuple(flow_of(name, model, text) for name, model in models.items()))


# ---- neurons


@dataclass(frozen=True, slots=True)
class NeuronStates:
    """The `states` (layers, L, H) after each character of a text; `neurons` are those to show."""

    text: str
    neurons: tuple[Place, ...]
    states: FloatArray

    def of(self, place: Place) -> FloatArray:
        """Return the states of one neuron, (L,)."""
        layer, neuron = place
        values: FloatArray = self.states[layer - 1, :, neuron - 1]
        return values


def neuron_states(checkpoint: Checkpoint, text: str, neurons: Sequence[Place]) -> NeuronStates:
    """Read a text and return the states. Raises ConfigError for a neuron that does not exist."""
    check_neurons(checkpoint, neurons)
    return NeuronStates(text, tuple(neurons), hidden_states(checkpoint.network, checkpoint.codec, text))


def check_neurons(checkpoint: Checkpoint, neurons: Sequence[Place]) -> None:
    """Raise ConfigError for a neuron that does not exist."""
    config = checkpoint.network.config
    for layer, neuron in neurons:
        if not (1 <= layer <= config.num_layers and 1 <= neuron <= config.hidden_size):
            last = f"{config.num_layers}:{config.hidden_size}"
            raise ConfigError(f"neuron {layer}:{neuron}: the model has neurons 1:1 to {last}")


@dataclass(frozen=True, slots=True)
class FoundNeuron:
    """A neuron, `layer` and `neuron` counted from 1, and its `correlation` with a property of a text."""

    property: str
    layer: int
    neuron: int
    correlation: float


@dataclass(frozen=True, slots=True)
class FoundNeurons:
    """The neurons that follow a property of the text named `text`, the best first."""

    property: str
    text: str
    found: tuple[FoundNeuron, ...]


def find_neurons(checkpoint: Checkpoint, text: NamedText, name: str, num: int) -> FoundNeurons:
    """Return the `num` neurons that best follow the property `name`, a key of PROPERTIES.

    Raises DataError if the property is the same at every character.
    """
    values = PROPERTIES[name](text.text)
    if values.min() == values.max():
        raise DataError(f"{text.name}: {name} is the same at each of its characters: no neuron can follow it")
    ranked = rank_neurons(hidden_states(checkpoint.network, checkpoint.codec, text.text), values, num)
    return FoundNeurons(name, text.name, tuple(FoundNeuron(name, *place) for place in ranked))
