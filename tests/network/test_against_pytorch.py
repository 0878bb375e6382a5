"""Against PyTorch: the same weights give the same outputs, states, loss and gradients.

PyTorch differs from charseq in four conventions, all of them handled by `our_rows` and its two callers (and
in its layout, a row per stream where ours is a column, which `compare` transposes):

* the rows of the LSTM's gates are in the order i, f, g, o; ours are i, f, o, g;
* the GRU's gates are r, z, n, where z = 1 - u weighs the old state: sigma(-a) = 1 - sigma(a), so z's rows are
  ours with the sign changed, and so are their gradients;
* each layer has two biases, b_ih and b_hh, where we have their sum b; both have the gradient of b;
* only in the GRU's candidate n are they not interchangeable: there b_hh is our b_h, and b_ih alone our b.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file

from charseq.cells import CELLS
from charseq.config import ModelConfig
from charseq.network import CharModel
from charseq.network.loss import cross_entropy_
from charseq.network.parameters import Parameters
from tests.builders import assert_close
from tests.network.builders import backward_from_logits

Array: TypeAlias = NDArray[Any]

GOLDEN = Path(__file__).parent.parent / "golden"

every_cell = pytest.mark.parametrize("cell", CELLS)
every_depth = pytest.mark.parametrize("num_layers", [1, 2])


def our_rows(cell: str, theirs: Array) -> Array:
    """Return the rows of PyTorch's weights, biases or gradients in our order and with our signs."""
    if cell == "lstm":
        i, f, g, o = np.split(theirs, 4)
        return np.concatenate([i, f, o, g])
    if cell == "gru":
        r, z, n = np.split(theirs, 3)
        return np.concatenate([r, -z, n])
    return theirs


def our_weights(cell: str, num_layers: int, golden: dict[str, Array]) -> dict[str, Array]:
    """Return PyTorch's parameters under our names."""
    ours = {"projection.V": golden["head.weight"], "projection.c": golden["head.bias"]}
    for k in range(num_layers):
        ours[f"layers.{k}.U"] = our_rows(cell, golden[f"rnn.weight_ih_l{k}"])
        ours[f"layers.{k}.W"] = our_rows(cell, golden[f"rnn.weight_hh_l{k}"])
        b_ih, b_hh = golden[f"rnn.bias_ih_l{k}"], golden[f"rnn.bias_hh_l{k}"].copy()
        if cell == "gru":
            n = slice(2 * len(b_hh) // 3, None)
            ours[f"layers.{k}.b_h"] = b_hh[n].copy()
            b_hh[n] = 0
        ours[f"layers.{k}.b"] = our_rows(cell, b_ih + b_hh)
    return ours


def our_gradients(cell: str, num_layers: int, golden: dict[str, Array]) -> dict[str, Array]:
    """Return the gradients of PyTorch's parameters under our names."""
    ours = {"projection.V": golden["grad.head.weight"], "projection.c": golden["grad.head.bias"]}
    for k in range(num_layers):
        ours[f"layers.{k}.U"] = our_rows(cell, golden[f"grad.rnn.weight_ih_l{k}"])
        ours[f"layers.{k}.W"] = our_rows(cell, golden[f"grad.rnn.weight_hh_l{k}"])
        ours[f"layers.{k}.b"] = our_rows(cell, golden[f"grad.rnn.bias_ih_l{k}"])
        if cell == "gru":
            ours[f"layers.{k}.b_h"] = np.split(golden[f"grad.rnn.bias_hh_l{k}"], 3)[2]
    return ours


@dataclass(frozen=True)
class Comparison:
    """What PyTorch computed, and what a CharModel with the same weights computes."""

    golden: dict[str, Array]
    logits: Array
    h: Array
    final: dict[str, Array]
    loss: float
    grads: Parameters
    dstates: dict[str, Array]


@cache
def compare(cell: str, num_layers: int) -> Comparison:
    """Read the golden tokens with the golden weights, forward and back, in float32."""
    golden = load_file(GOLDEN / f"{cell}_{num_layers}.safetensors")
    vocab_size, hidden_size = golden["head.weight"].shape
    model = CharModel(ModelConfig(cell=cell, hidden_size=hidden_size, num_layers=num_layers), vocab_size)
    weights = our_weights(cell, num_layers, golden)
    assert weights.keys() == model.params.keys()
    for name, array in weights.items():
        model.params[name][...] = array
    state = model.initial_state(golden["tokens"].shape[1])
    for name, array in state.arrays.items():
        _, k, letter = name.split(".")
        array[...] = golden[f"{letter}0"][int(k)]

    work, grads = model.workspace(*golden["tokens"].shape), model.params.like()
    logits = model.forward(golden["tokens"], state, work).copy()
    loss = cross_entropy_(work.logits, golden["targets"])
    backward_from_logits(model, work.logits, work, grads)
    dstates = {
        f"{letter}0": np.stack([layer.arrays.dstates[j].T for layer in work.layers])
        for j, letter in enumerate(CELLS[cell].state_names)
    }
    h = work.h.reshape(hidden_size, *golden["tokens"].shape).transpose(1, 2, 0)
    return Comparison(golden, logits, h, state.arrays, loss, grads, dstates)


@every_depth
@every_cell
def test_the_logits_are_those_of_pytorch(cell: str, num_layers: int) -> None:
    """The logits are PyTorch's."""
    ours = compare(cell, num_layers)
    assert_close(ours.logits, ours.golden["logits"], tolerance=1e-5, name="logits")


@every_depth
@every_cell
def test_the_hidden_states_are_those_of_pytorch(cell: str, num_layers: int) -> None:
    """The last layer's hidden states are PyTorch's, at every step."""
    ours = compare(cell, num_layers)
    assert_close(ours.h, ours.golden["h"], tolerance=1e-5, name="h")


@every_depth
@every_cell
def test_the_final_states_are_those_of_pytorch(cell: str, num_layers: int) -> None:
    """The states after the window are PyTorch's, in every layer."""
    ours = compare(cell, num_layers)
    for name, array in ours.final.items():
        _, k, letter = name.split(".")
        assert_close(array, ours.golden[f"{letter}_n"][int(k)], tolerance=1e-5, name=name)


@every_depth
@every_cell
def test_the_loss_is_that_of_pytorch(cell: str, num_layers: int) -> None:
    """The loss is PyTorch's."""
    ours = compare(cell, num_layers)
    assert ours.loss == pytest.approx(float(ours.golden["loss"]), rel=0, abs=1e-5)


@every_depth
@every_cell
def test_the_gradients_of_weights_are_those_of_pytorch(cell: str, num_layers: int) -> None:
    """The gradients of all parameters are PyTorch's."""
    ours = compare(cell, num_layers)
    for name, array in our_gradients(cell, num_layers, ours.golden).items():
        assert_close(ours.grads[name], array, tolerance=1e-5, name=name)


@every_depth
@every_cell
def test_the_gradients_of_initial_states_are_those_of_pytorch(cell: str, num_layers: int) -> None:
    """The gradients of the initial states are PyTorch's, in every layer."""
    ours = compare(cell, num_layers)
    for name, array in ours.dstates.items():
        assert_close(array, ours.golden[f"grad.{name}"], tolerance=1e-5, name=name)
