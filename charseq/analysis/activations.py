"""What a network's units do while it reads: their states, the openness of its gates, and what units track.

Karpathy, Johnson and Fei-Fei 2015, «Visualizing and understanding recurrent networks», found single units
that know whether a quotation is open or how far a line has come. Here every unit is correlated with such
properties of a text.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from charseq.arrays import FloatArray
from charseq.config import Unit
from charseq.errors import ConfigError
from charseq.network import CharModel
from charseq.network.recurrent import LayerWork
from charseq.text import Tokenizer
from charseq.text.batches import NEWLINE, make_sequence

WINDOW_STEPS = 256
"""Characters that are read together."""
TAB_WIDTH = 8
"""A tab reaches to the next multiple of this many columns."""
CLOSING = {'"': '"', "“": "”", "„": "“”", "«": "»"}
"""The quotation marks that open, and those that may close what each has opened."""


def hidden_states(model: CharModel, tokenizer: Tokenizer, unit: Unit, text: str) -> FloatArray:
    """Return h of every unit after each character of `text` was read, (layers, L, H), in the model's dtype.

    Reading begins as in scoring: from the zero state with the zero vector, or a newline if the unit is a
    line. A line's newline is also what the next one begins with, and the state after it that of a fresh line.
    """
    shape = (len(model.layers), len(text), model.config.hidden_size)
    states = np.empty(shape, model.params.flat.dtype)
    for part, works in _read(model, tokenizer, unit, text):
        for layer, work in zip(states, works, strict=True):
            layer[part] = work.arrays.states[0][1 : part.stop - part.start + 1, :, 0]
    return states


def gate_openness(model: CharModel, tokenizer: Tokenizer, unit: Unit, text: str) -> dict[str, FloatArray]:
    """Return how open each kind of gate is while each character of `text` is read, (layers, L).

    That is the mean over the layer's units, 0 shut and 1 open, by the gate's full name. Reading is as in
    `hidden_states`. Raises ConfigError for a cell without gates.
    """
    cell = model.layers[0].cell
    if not cell.gates:
        raise ConfigError(f"the cell {cell.name} has no gates")
    openness = {name: np.empty((len(model.layers), len(text))) for name in cell.gates.values()}
    for part, works in _read(model, tokenizer, unit, text):
        for attribute, name in cell.gates.items():
            for layer, work in zip(openness[name], works, strict=True):
                steps = work.steps[: part.stop - part.start]
                layer[part] = [getattr(step, attribute).mean(dtype=np.float64) for step in steps]
    return openness


def _read(
    model: CharModel, tokenizer: Tokenizer, unit: Unit, text: str
) -> Iterator[tuple[slice, list[LayerWork]]]:
    """Yield parts of `text` and what each layer has left of reading them, until the next is asked for."""
    inputs, _, starts = make_sequence(text + NEWLINE, tokenizer, unit)  # so that its last is an input too
    state, work = (
        model.initial_state(1),
        model.workspace(WINDOW_STEPS, 1, resets=unit == "line", backward=False),
    )

    def read(steps: slice) -> None:
        model.forward(
            inputs[steps, None], state, work, resets=None if starts is None else starts[steps, None]
        )

    read(slice(0, 1))
    for begin in range(0, len(text), WINDOW_STEPS):
        part = slice(begin, min(begin + WINDOW_STEPS, len(text)))
        read(slice(part.start + 1, part.stop + 1))
        yield part, work.layers


def correlations(states: FloatArray, values: FloatArray) -> FloatArray:
    """Return Pearson's r between every unit and `values`, (layers, H), from `states` (layers, L, H).

    It is 0 where one of both is constant. `values` is (L,), L at least 1.
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


def rank_units(states: FloatArray, values: FloatArray, num: int) -> list[tuple[int, int, float]]:
    """Return the `num` units that follow `values` best, or oppose them, as (layer, unit, r).

    Layers and units are counted from 1; of the same |r| the first come first.
    """
    r = correlations(states, values)
    best = np.argsort(-np.abs(r), axis=None, kind="stable")[:num]
    layers, units = np.unravel_index(best, r.shape)
    return [
        (layer + 1, unit + 1, float(r[layer, unit]))
        for layer, unit in zip(layers.tolist(), units.tolist(), strict=True)
    ]


def inside_quotes(text: str) -> FloatArray:
    """Return 1 from a mark that opens a quotation up to the one that closes it, which has 0.

    A straight mark opens and closes; a quotation in another counts as part of it; a blank line closes too.
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
    """Return 1 where the next character is a newline."""
    before = np.zeros(len(text))
    before[:-1] = [char == NEWLINE for char in text[1:]]
    return before


def indentation(text: str) -> FloatArray:
    """Return how many columns the line of each character is indented, by spaces and tabs."""
    lines = text.split(NEWLINE)
    indents = [line[: len(line) - len(line.lstrip(" \t"))].expandtabs(TAB_WIDTH) for line in lines]
    widths = np.repeat([len(indent) for indent in indents], [len(line) + 1 for line in lines])
    return widths[: len(text)].astype(np.float64)


def column(text: str) -> FloatArray:
    """Return how many characters stand before each one in its line."""
    columns = np.concatenate([np.arange(len(line) + 1) for line in text.split(NEWLINE)])
    return columns[: len(text)].astype(np.float64)


PROPERTIES: Mapping[str, Callable[[str], FloatArray]] = {
    "quote": inside_quotes,
    "newline": before_newline,
    "indent": indentation,
    "position": column,
}
"""What may be looked for in units: a number for each character of a text, (L,), by its name."""
