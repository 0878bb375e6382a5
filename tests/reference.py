"""The specification: every cell and the whole model, as plainly as they can be written.

Column vectors, one stream and one step at a time, a new array for every result, and nothing imported from
`charseq`. A fast implementation is right when it agrees with this file.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
CellState: TypeAlias = tuple[Array, ...]
"""What one stream carries through one layer, the output h first; each array is (H,)."""
Norm: TypeAlias = Callable[[Array, int], Array]
"""What the equations do with W h, (G*H,) for the given number G of gates: nothing, or `rms_norm`."""


def sigma(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))


def as_it_is(v: Array, num_gates: int) -> Array:
    return v


def rms_norm(v: Array, num_gates: int) -> Array:
    """Divide the part of each gate by its root mean square, a thousandth added to the mean square."""
    parts = np.split(v, num_gates)
    return np.concatenate([part / np.sqrt(np.mean(part**2) + 1e-3) for part in parts])


def rnn(x: Array, state: CellState, U: Array, W: Array, b: Array, *, norm: Norm = as_it_is) -> CellState:
    (h,) = state
    return (np.tanh(U @ x + norm(W @ h, 1) + b),)


def lstm(x: Array, state: CellState, U: Array, W: Array, b: Array, *, norm: Norm = as_it_is) -> CellState:
    h, C = state
    a_i, a_f, a_o, a_g = np.split(U @ x + norm(W @ h, 4) + b, 4)
    C = sigma(a_f) * C + sigma(a_i) * np.tanh(a_g)
    return sigma(a_o) * np.tanh(C), C


def gru(
    x: Array, state: CellState, U: Array, W: Array, b: Array, b_h: Array, *, norm: Norm = as_it_is
) -> CellState:
    (h,) = state
    (x_r, x_u, x_n), (h_r, h_u, h_n) = np.split(U @ x + b, 3), np.split(norm(W @ h, 3), 3)
    r, u = sigma(x_r + h_r), sigma(x_u + h_u)
    n = np.tanh(x_n + r * (h_n + b_h))
    return ((1 - u) * h + u * n,)


STEPS: dict[str, Callable[..., CellState]] = {"gru": gru, "lstm": lstm, "rnn": rnn}
STATE_NAMES: dict[str, tuple[str, ...]] = {"gru": ("h",), "lstm": ("h", "c"), "rnn": ("h",)}


def one_hot(tokens: Array, vocab_size: int) -> Array:
    """Return (T, N, V) with a single 1 for each token of (T, N), and no 1 at all for an unseen one, -1."""
    return np.where(tokens[..., None] == np.arange(vocab_size), 1.0, 0.0)


def layer(
    cell: str,
    weights: Mapping[str, Array],
    x: Array,
    state: CellState,
    resets: Array | None = None,
    *,
    norm: Norm = as_it_is,
) -> tuple[Array, CellState]:
    """Return h (T, N, H) and the states (N, H) after the last step, from x (T, N, D) and initial states.

    Where `resets` (T, N) is true, a stream's state is zero before the step.
    """
    num_steps, num_streams = x.shape[:2]
    final = tuple(array.copy() for array in state)
    h = np.zeros((num_steps, *final[0].shape), final[0].dtype)
    for n in range(num_streams):
        carried = tuple(array[n] for array in state)
        for t in range(num_steps):
            if resets is not None and resets[t, n]:
                carried = tuple(np.zeros_like(array) for array in carried)
            carried = STEPS[cell](x[t, n], carried, **weights, norm=norm)
            h[t, n] = carried[0]
        for array, last in zip(final, carried, strict=True):
            array[n] = last
    return h, final


def model(
    cell: str,
    params: Mapping[str, Array],
    tokens: Array,
    state: Mapping[str, Array],
    resets: Array | None = None,
    *,
    norm: Norm = as_it_is,
) -> tuple[Array, dict[str, Array]]:
    """Return the logits (T, N, V) and the final state of a model with the parameters of a `CharModel`."""
    V, c = params["projection.V"], params["projection.c"]
    x, final = one_hot(tokens, len(c)), dict[str, Array]()
    if "embedding.E" in params:
        x = x @ params["embedding.E"].T
    for k in range(sum(name.endswith(".U") for name in params)):
        weights = {
            letter: params[f"layers.{k}.{letter}"]
            for letter in ("U", "W", "b", "b_h")
            if f"layers.{k}.{letter}" in params
        }
        names = [f"layers.{k}.{name}" for name in STATE_NAMES[cell]]
        x, states = layer(cell, weights, x, tuple(state[name] for name in names), resets, norm=norm)
        final |= dict(zip(names, states, strict=True))
    return x @ V.T + c, final


def log_softmax(logits: Array) -> Array:
    total: Array = np.sum(np.exp(logits), axis=-1, keepdims=True)
    log_p: Array = logits - np.log(total)
    return log_p


def cross_entropy(logits: Array, targets: Array) -> Any:
    """Return the mean of -log softmax(logits)[target], in nats."""
    return -np.mean(np.take_along_axis(log_softmax(logits), targets[..., None], axis=-1))
