"""From hidden states to logits: y(t) = softmax(V h(t) + c), of which this is the part inside the softmax."""

import numpy as np

from charseq.arrays import FloatArray
from charseq.parameters import Parameters


class Projection:
    """V (vocab_size, H) and c (vocab_size,)."""

    def __init__(self, *, hidden_size: int, vocab_size: int) -> None:
        self.shapes = {"projection.V": (vocab_size, hidden_size), "projection.c": (vocab_size,)}

    def initialise_(self, params: Parameters, rng: np.random.Generator) -> None:
        """Fill V uniformly within 1 / sqrt(H); c stays zero."""
        V = params["projection.V"]
        bound = V.shape[1] ** -0.5
        V[...] = rng.uniform(-bound, bound, V.shape)

    def forward(self, h: FloatArray, params: Parameters, *, out: FloatArray) -> FloatArray:
        """Write the logits of `h` (T, N, H) to `out` (T, N, V) and return it."""
        V = params["projection.V"]
        np.matmul(h.reshape(-1, V.shape[1]), V.T, out=out.reshape(-1, V.shape[0]))
        out += params["projection.c"]
        return out

    def backward(
        self, dlogits: FloatArray, h: FloatArray, params: Parameters, grads: Parameters, *, out: FloatArray
    ) -> FloatArray:
        """Write dV and dc to `grads` and dh to `out` (T, N, H), which is returned."""
        V = params["projection.V"]
        rows, hiddens = dlogits.reshape(-1, V.shape[0]), h.reshape(-1, V.shape[1])
        np.matmul(hiddens.T, rows, out=grads["projection.V"].T)
        np.sum(rows, axis=0, out=grads["projection.c"])
        np.matmul(rows, V, out=out.reshape(-1, V.shape[1]))
        return out
