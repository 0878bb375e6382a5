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
from charseq.network.recurrent import LayerWork
from charseq.text.codec import Codec
from charseq.text.lines import NEWLINE

WINDOW_STEPS = 256
"""Steps that are read in one window."""
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
    in [0, 1], by its full name.
    """

    states: dict[str, FloatArray]
    gates: dict[str, FloatArray]

    def __repr__(self) -> str:
        names = ", ".join(self.states) + (f" and {', '.join(self.gates)}" if self.gates else "")
        num_layers, num_chars, size = self.hidden.shape
        layers = "1 layer" if num_layers == 1 else f"{num_layers} layers"
        return f"<States: {names}; {layers} x {num_chars:,} characters x {size} neurons>"

    @property
    def hidden(self) -> FloatArray:
        """The hidden states h."""
        return self.states["h"]


def all_states(model: CharModel, codec: Codec, text: str) -> States:
    """Return states and gates after each character of `text`, in the model's dtype, read as in scoring."""
    cell, size = model.layers[0].cell, (model.config.hidden_size,)
    takes = [_state(number) for number in range(len(cell.state_names))]
    takes += [_gate(attribute) for attribute in cell.gates]
    taken = _take(model, codec, text, takes, size, model.params.flat.dtype)
    states, gates = taken[: len(cell.state_names)], taken[len(cell.state_names) :]
    return States(
        dict(zip(cell.state_names, states, strict=True)),
        dict(zip(cell.gates.values(), gates, strict=True)),
    )


def hidden_states(model: CharModel, codec: Codec, text: str) -> FloatArray:
    """Return h of every neuron after each character of `text` was read, (layers, L, H), in the model's dtype.

    Reading begins as in scoring: from the zero state, with the codec's start token. Where a sequence ends and
    another begins, the state is that after the first input of the new one.
    """
    (hidden,) = _take(model, codec, text, [_state(0)], (model.config.hidden_size,), model.params.flat.dtype)
    return hidden


def gate_openness(model: CharModel, codec: Codec, text: str) -> dict[str, FloatArray]:
    """Return the openness of each kind of gate at each character of `text`, (layers, L), by the full name.

    The openness is the mean over the layer's neurons: 0 is shut, 1 is open. Reading is as in
    `hidden_states`. Raises ConfigError for a cell without gates.
    """
    cell = model.layers[0].cell
    if not cell.gates:
        raise ConfigError(f"the cell {cell.name} has no gates")
    takes = [_mean_gate(attribute) for attribute in cell.gates]
    return dict(zip(cell.gates.values(), _take(model, codec, text, takes, (), np.float64), strict=True))


def _state(number: int) -> Take:
    """Return the function that takes one of the cell's states, (M, H)."""
    return lambda work, steps: work.arrays.states[number][steps + 1, :, 0]


def _gate(attribute: str) -> Take:
    """Return the function that takes the openness of a gate, (M, H)."""
    return lambda work, steps: [getattr(work.steps[step], attribute)[:, 0] for step in steps.tolist()]


def _mean_gate(attribute: str) -> Take:
    """Return the function that takes the mean openness of a gate, (M,)."""
    return lambda work, steps: [
        getattr(work.steps[step], attribute).mean(dtype=np.float64) for step in steps.tolist()
    ]


def _take(
    model: CharModel,
    codec: Codec,
    text: str,
    takes: Sequence[Take],
    size: tuple[int, ...],
    dtype: np.dtype | type,
) -> list[FloatArray]:
    """Return what each of `takes` finds at each character of `text`, (layers, L, *size)."""
    taken = [np.empty((len(model.layers), len(text), *size), dtype) for _ in takes]
    for chars, steps, works in _read(model, codec, text):
        for array, take in zip(taken, takes, strict=True):
            for layer, work in zip(array, works, strict=True):
                layer[chars] = take(work, steps)
    return taken


def _read(
    model: CharModel, codec: Codec, text: str
) -> Iterator[tuple[slice, NDArray[np.intp], list[LayerWork]]]:
    """Yield for each window: the characters that it completes, the steps that do so, each layer's work.

    Windows that complete none are left out. The arrays of the work are overwritten by the next window.
    """
    inputs, starts, expects = codec.reading(text)
    state = model.initial_state(1)
    work = model.workspace(WINDOW_STEPS, 1, resets=codec.restarts, backward=False)
    complete = expects[1:]  # the step that reads the last token of each character
    bounds = [0, *range(1, len(inputs), WINDOW_STEPS), len(inputs)]
    for begin, end in pairwise(bounds):
        resets = None if starts is None else starts[begin:end, None]
        model.forward(inputs[begin:end, None], state, work, resets=resets)
        chars = slice(*np.searchsorted(complete, [begin, end]).tolist())
        if chars.start < chars.stop:
            yield chars, complete[chars] - begin, work.layers


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
