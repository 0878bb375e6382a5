"""Copies of a network's weights, as readers use them: each matrix with its bias as the last row."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from charseq.arrays import FloatArray, zeros
from charseq.network.layer import Layer
from charseq.network.parameters import Parameters


class LayerWeights(NamedTuple):
    """The weights of a layer; its first product is looked up if it has no U."""

    U: FloatArray | None  # (D + 1, G*H), the last row is b
    W: FloatArray  #        (H + 1, G*H), the last row is b_h; it is zero without one, and before a norm
    b_h: FloatArray  #      (G*H,), zero but for the last gate


class Weights(NamedTuple):
    """The weights of a network as readers use them."""

    table: (
        FloatArray  # (V + 1, G*H), U x + b of the first layer; UNSEEN is -1: it finds the last row, b alone
    )
    layers: tuple[LayerWeights, ...]
    V: FloatArray  #     (H + 1, V), the last row is c

    @classmethod
    def copied(cls, params: Parameters, layers: Sequence[Layer]) -> "Weights":
        """Return copies of the parameters as they are now."""
        inputs, b = params["layers.0.U"].T, params["layers.0.b"]
        if "embedding.E" in params:
            inputs = params["embedding.E"].T @ inputs
        return cls(
            table=inputs_and_bias(inputs + b, b),
            layers=tuple(_layer_weights(layer, params) for layer in layers),
            V=inputs_and_bias(params["projection.V"].T, params["projection.c"]),
        )


def _layer_weights(layer: Layer, params: Parameters) -> LayerWeights:
    U, W, b = (params[f"{layer.name}.{letter}"] for letter in "UWb")
    b_h = np.zeros_like(b)
    if layer.cell.has_recurrent_bias:
        b_h[-layer.hidden_size :] = params[f"{layer.name}.b_h"]
    return LayerWeights(
        None if layer.name == "layers.0" else inputs_and_bias(U.T, b),
        inputs_and_bias(W.T, np.zeros_like(b) if layer.rms_norm else b_h),
        b_h,
    )


def inputs_and_bias(M: FloatArray, bias: FloatArray) -> FloatArray:
    """Return M with `bias` as its last row, so that the product with [x, 1] is x M + bias.

    The result begins at a cache line.
    """
    stacked = np.vstack([M, bias])
    out = zeros(stacked.shape, stacked.dtype)
    out[...] = stacked
    return out
