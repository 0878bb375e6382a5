"""The neurons of a network while it reads: states, the openness of gates, properties that neurons follow.

Karpathy, Johnson and Fei-Fei 2015, "Visualizing and understanding recurrent networks", found single neurons
that know whether a quotation is open or how far a line has come. Here every neuron is correlated with such
properties of a text.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from charseq.arrays import FloatArray
from charseq.errors import ConfigError
from charseq.network import CharModel
from charseq.network.layer import LayerWork
from charseq.text.codec import Codec, Reading
from charseq.text.lines import NEWLINE

WINDOW_STEPS = 256
"""Steps that are read in one window."""
CANDIDATE = "candidate"
"""The name of the candidate beside those of the gates."""
SPREAD = ("mean", "q1", "median", "q3", "shut", "open")
"""The numbers that describe how a gate's openness is spread over neurons, in this order."""
SHUT, OPEN = 0.1, 0.9
"""A gate is shut below the one, open above the other: Karpathy et al. call it saturated."""
TAB_WIDTH = 8
"""A tab reaches to the next multiple of this many columns."""
CLOSING = {'"': '"', "“": "”", "„": "“”", "«": "»"}
"""Each opening quotation mark, with the marks that may close it."""

Take: TypeAlias = Callable[[LayerWork, NDArray[np.intp]], ArrayLike]
"""A choice of numbers from a layer's work at M steps, (M, ...)."""


@dataclass(frozen=True, slots=True)
class States:
    """The states and gates of a network after each character of a text, arrays of (layers, L, H).

    `states` has the cell's states by name: h, and for an LSTM also c. `gates` has the openness of each gate,
    in [0, 1], by its full name. `candidate` is the tanh that a gate lets in, None for a cell without one.
    """

    states: dict[str, FloatArray]
    gates: dict[str, FloatArray]
    candidate: FloatArray | None = None

    def __repr__(self) -> str:
        names = ", ".join(self.states) + (f" and {', '.join(self.gates)}" if self.gates else "")
        num_layers, num_chars, size = self.hidden.shape
        layers = "1 layer" if num_layers == 1 else f"{num_layers} layers"
        return f"<States: {names}; {layers} x {num_chars:,} characters x {size} neurons>"

    @property
    def hidden(self) -> FloatArray:
        """The hidden states h."""
        return self.states["h"]

    @property
    def by_name(self) -> dict[str, FloatArray]:
        """All arrays in the order in which a step computes them: gates, candidate, C, h."""
        candidate = {} if self.candidate is None else {CANDIDATE: self.candidate}
        return self.gates | candidate | dict(reversed(self.states.items()))


def all_states(model: CharModel, codec: Codec, text: str, neuron: int | None = None) -> States:
    """Return states and gates after each character of `text`, in the model's dtype, read as in scoring.

    With `neuron`, counted from 0, the arrays have this neuron of each layer alone, (layers, L, 1).
    """
    return _states_at(model, codec, _ends(codec, text), neuron)


def step_states(model: CharModel, codec: Codec, text: str) -> States:
    """Return states and gates after each token that is read, (layers, S, H): first the start, then `text`."""
    reading = codec.reading(text)
    return _states_at(model, codec, reading._replace(expects=np.arange(len(reading.inputs))))


def hidden_states(model: CharModel, codec: Codec, text: str) -> FloatArray:
    """Return h of every neuron after each character of `text` was read, (layers, L, H), in the model's dtype.

    Reading begins as in scoring: from the zero state, with the codec's start token. Where a sequence ends and
    another begins, the state is that after the first input of the new one.
    """
    size, dtype = (model.config.hidden_size,), model.params.flat.dtype
    (hidden,) = _take(model, codec, _ends(codec, text), [_state(0)], size, dtype)
    return hidden


def gate_spreads(model: CharModel, codec: Codec, text: str) -> dict[str, FloatArray]:
    """Return how open each kind of gate is at each character of `text`, (layers, L, 6), by the full name.

    The numbers are those of SPREAD over the layer's neurons: the mean, the quartiles, and the shares of
    neurons whose gate is SHUT and OPEN. Reading is as in `hidden_states`. Raises ConfigError for a cell
    without gates.
    """
    cell = model.layers[0].cell
    check_gates(model)
    takes = [_spread(attribute) for attribute in cell.gates]
    taken = _take(model, codec, _ends(codec, text), takes, (len(SPREAD),), np.float64)
    return dict(zip(cell.gates.values(), taken, strict=True))


def check_gates(model: CharModel) -> None:
    """Raise ConfigError for a cell without gates."""
    cell = model.layers[0].cell
    if not cell.gates:
        raise ConfigError(f"the cell {cell.name} has no gates")


def _states_at(model: CharModel, codec: Codec, reading: Reading, neuron: int | None = None) -> States:
    """Return states and gates after those steps that `reading` expects a character after."""
    cell, names = model.layers[0].cell, model.layers[0].cell.state_names
    inside = [*cell.gates, *filter(None, [cell.candidate])]
    takes = [_state(number, neuron) for number in range(len(names))] + [
        _inside(one, neuron) for one in inside
    ]
    size = (1 if neuron is not None else model.config.hidden_size,)
    taken = _take(model, codec, reading, takes, size, model.params.flat.dtype)
    states, gates = dict(zip(names, taken, strict=False)), taken[len(names) :]
    candidate = gates.pop() if cell.candidate else None
    return States(states, dict(zip(cell.gates.values(), gates, strict=True)), candidate)


def _ends(codec: Codec, text: str) -> Reading:
    """Return the reading of `text`, with the steps that read the last token of each character."""
    reading = codec.reading(text)
    return reading._replace(expects=reading.expects[1:])


def _state(number: int, neuron: int | None = None) -> Take:
    """Return the function that takes one of the cell's states, (M, H), or that of one neuron, (M, 1)."""
    some = _some(neuron)
    return lambda work, steps: work.arrays.states[number][steps + 1, some, 0]


def _inside(attribute: str, neuron: int | None = None) -> Take:
    """Return the function that takes a gate or the candidate, (M, H), or that of one neuron, (M, 1)."""
    some = _some(neuron)
    return lambda work, steps: [getattr(work.steps[step], attribute)[some, 0] for step in steps.tolist()]


def _some(neuron: int | None) -> slice:
    return slice(None) if neuron is None else slice(neuron, neuron + 1)


def _spread(attribute: str) -> Take:
    """Return the function that takes the numbers of SPREAD of a gate, (M, 6)."""

    def take(work: LayerWork, steps: NDArray[np.intp]) -> ArrayLike:
        gate = np.array([getattr(work.steps[step], attribute)[:, 0] for step in steps.tolist()], np.float64)
        quartiles = np.quantile(gate, (0.25, 0.5, 0.75), axis=1)
        shares = (gate < SHUT).mean(axis=1), (gate > OPEN).mean(axis=1)
        return np.stack([gate.mean(axis=1), *quartiles, *shares], axis=1)

    return take


def _take(
    model: CharModel,
    codec: Codec,
    reading: Reading,
    takes: Sequence[Take],
    size: tuple[int, ...],
    dtype: np.dtype | type,
) -> list[FloatArray]:
    """Return what each of `takes` finds after the L steps `reading.expects`, (layers, L, *size)."""
    taken = [np.empty((len(model.layers), len(reading.expects), *size), dtype) for _ in takes]
    for places, steps, works in _read(model, codec, reading):
        for array, take in zip(taken, takes, strict=True):
            for layer, work in zip(array, works, strict=True):
                layer[places] = take(work, steps)
    return taken


def _read(
    model: CharModel, codec: Codec, reading: Reading
) -> Iterator[tuple[slice, NDArray[np.intp], list[LayerWork]]]:
    """Yield for each window: which of the steps `reading.expects` are in it, their places, each layer's work.

    Windows without any are left out. The arrays of the work are overwritten by the next window.
    """
    inputs, starts, wanted = reading
    state = model.initial_state(1)
    work = model.workspace(WINDOW_STEPS, 1, resets=codec.restarts, backward=False)
    bounds = [0, *range(1, len(inputs), WINDOW_STEPS), len(inputs)]
    for begin, end in pairwise(bounds):
        resets = None if starts is None else starts[begin:end, None]
        model.forward(inputs[begin:end, None], state, work, resets=resets)
        places = slice(*np.searchsorted(wanted, [begin, end]).tolist())
        if places.start < places.stop:
            yield places, wanted[places] - begin, work.layers


def correlations(states: FloatArray, values: FloatArray) -> FloatArray:
    """Return Pearson's r between every neuron and `values`, (layers, H), from `states` (layers, L, H).

    It is 0 if the neuron or `values` is constant. `values` is (L,), with L at least 1.
    """
    centred = values - values.mean()
    mean = states.mean(axis=1, keepdims=True, dtype=np.float64)
    products, squares = np.zeros((2, len(states), states.shape[-1]))
    for begin in range(0, len(values), WINDOW_STEPS):  # a copy of all in float64 might not fit into memory
        part = slice(begin, begin + WINDOW_STEPS)
        differences = states[:, part] - mean
        products += np.einsum("l,kls->ks", centred[part], differences)
        squares += np.square(differences).sum(axis=1)
    varies = (states.max(axis=1) > states.min(axis=1)) & (values.max() > values.min())
    scale = np.sqrt(squares * np.square(centred).sum())
    r = np.divide(products, scale, out=np.zeros_like(products), where=varies)
    clipped: FloatArray = r.clip(-1, 1)
    return clipped


def rank_neurons(states: FloatArray, values: FloatArray, num: int) -> list[tuple[int, int, float]]:
    """Return the `num` neurons with the largest |r| to `values`, as (layer, neuron, r).

    Layers and neurons are counted from 1. Neurons with the same |r| keep their order.
    """
    r = correlations(states, values)
    best = np.argsort(-np.abs(r), axis=None, kind="stable")[:num]
    layers, neurons = np.unravel_index(best, r.shape)
    return [
        (layer + 1, neuron + 1, float(r[layer, neuron]))
        for layer, neuron in zip(layers.tolist(), neurons.tolist(), strict=True)
    ]


def inside_quotes(text: str) -> FloatArray:
    """Return 1 from the mark that opens a quotation to the last character before the closing mark, else 0.

    A straight mark opens and closes. A quotation inside another one is part of it. A blank line closes, too.
    """
    inside, closing, blank = np.zeros(len(text)), "", True
    for t, char in enumerate(text):
        if char in closing or (char == NEWLINE and blank):
            closing = ""
        elif not closing:
            closing = CLOSING.get(char, "")
        blank = char == NEWLINE or (blank and char.isspace())
        inside[t] = bool(closing)
    return inside


def before_newline(text: str) -> FloatArray:
    """Return 1 where the next character is a newline, else 0."""
    before = np.zeros(len(text))
    before[:-1] = [char == NEWLINE for char in text[1:]]
    return before


def indentation(text: str) -> FloatArray:
    """Return the number of columns by which spaces and tabs indent the line of each character."""
    lines = text.split(NEWLINE)
    indents = [line[: len(line) - len(line.lstrip(" \t"))].expandtabs(TAB_WIDTH) for line in lines]
    widths = np.repeat([len(indent) for indent in indents], [len(line) + 1 for line in lines])
    return widths[: len(text)].astype(np.float64)


def column(text: str) -> FloatArray:
    """Return the number of characters before each one in its line."""
    columns = np.concatenate([np.arange(len(line) + 1) for line in text.split(NEWLINE)])
    return columns[: len(text)].astype(np.float64)


PROPERTIES: Mapping[str, Callable[[str], FloatArray]] = {
    "quote": inside_quotes,
    "newline": before_newline,
    "indent": indentation,
    "position": column,
}
"""Properties of a text that neurons may follow, by name: a number for each character, (L,)."""
