"""The projection from hidden states to logits: V h(t) + c, the part of y(t) inside the softmax."""

import numpy as np

from charseq.arrays import FloatArray, TokenArray
from charseq.network.embedding import sums_by_token
from charseq.network.parameters import Gradient, Parameters


class Projection:
    """The output layer with the parameters V (vocab_size, H) and c (vocab_size,)."""

    def __init__(self, *, hidden_size: int, vocab_size: int) -> None:
        self.shapes = {"projection.V": (vocab_size, hidden_size), "projection.c": (vocab_size,)}
        self.is_compiled = False  # True if a loss may compute it by compiled code

    def initialise_(self, params: Parameters, rng: np.random.Generator) -> None:
        """Fill V with uniform numbers between -1 / sqrt(H) and 1 / sqrt(H); c stays zero."""
        V = params["projection.V"]
        bound = V.shape[1] ** -0.5
        V[...] = rng.uniform(-bound, bound, V.shape)

    def forward(self, h: FloatArray, params: Parameters, *, out: FloatArray) -> FloatArray:
        """Write the logits of the hidden states `h` (H, T*N) to `out` (T, N, V), and return `out`."""
        V = params["projection.V"]
        np.matmul(h.T, V.T, out=out.reshape(-1, len(V)))
        out += params["projection.c"]
        return out

    def backward(
        self, dlogits: FloatArray, h: FloatArray, params: Parameters, grads: Gradient, *, out: FloatArray
    ) -> FloatArray:
        """Write dV and dc to `grads` and dh to `out` (H, T*N), and return `out`; `dlogits` is (T, N, V).

        dV is not computed if V is frozen.
        """
        V = params["projection.V"]
        rows = dlogits.reshape(-1, len(V))
        if "projection.V" in grads:
            np.matmul(rows.T, h.T, out=grads["projection.V"])
        np.sum(rows, axis=0, out=grads["projection.c"])
        np.matmul(V.T, rows.T, out=out)
        return out

    def forward_some(
        self, h: FloatArray, params: Parameters, some: TokenArray, own: TokenArray, *, out: FloatArray
    ) -> FloatArray:
        """Write the logits of the tokens `some` (C,) to `out` (T*N, C).

        Return those of `own` (T*N,), a token for each column of `h` (H, T*N).
        """
        V, c = params["projection.V"], params["projection.c"]
        np.matmul(h.T, V[some].T, out=out)
        out += c[some]
        logits: FloatArray = np.einsum("mh,mh->m", np.ascontiguousarray(h.T), V[own]) + c[own]
        return logits

    def backward_some(
        self,
        dsome: FloatArray,
        down: FloatArray,
        h: FloatArray,
        params: Parameters,
        some: TokenArray,
        own: TokenArray,
        grads: Gradient,
        *,
        out: FloatArray,
    ) -> FloatArray:
        """Write the rows of dV and dc that are not zero to `grads`, and dh to `out` (H, T*N); return `out`.

        `dsome` (T*N, C) and `down` (T*N,) are the gradients of the logits that `forward_some` computed.
        """
        V = params["projection.V"]
        np.matmul(V[some].T, dsome.T, out=out)
        out += V[own].T * down
        present, sums = sums_by_token(np.concatenate([h, np.ones_like(h[:1])]) * down, own)
        tokens = np.union1d(some, present).astype(np.int32)
        rows = np.zeros((len(tokens), len(h) + 1), h.dtype)
        rows[np.searchsorted(tokens, present)] = sums.T
        places = np.searchsorted(tokens, some)
        rows[places, -1] += dsome.sum(axis=0)
        if "projection.V" in grads:
            rows[places, :-1] += dsome.T @ h.T
        grads.set_rows_("projection.V", tokens, rows[:, :-1])
        grads.set_rows_("projection.c", tokens, rows[:, -1])
        return out
