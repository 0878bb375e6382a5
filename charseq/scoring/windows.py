"""A window of text read by a model: the distributions at its targets, or only numbers taken from these."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from charseq.arrays import FloatArray, TokenArray
from charseq.models import LanguageModel, has_hidden
from charseq.network.loss import log_softmax
from charseq.network.pricing import Prices, compiled_prices, rows_at_once, write_prices
from charseq.scoring.cores import run_jobs
from charseq.text.batches import Window
from charseq.text.codec import Codec

LogitsAt: TypeAlias = Callable[[slice], FloatArray]
"""The function from some of the T*N places of a window, step by step, to their logits (M, V)."""


def make_work(model: LanguageModel, num_steps: int, num_streams: int, *, resets: bool) -> Any:
    """Return the workspace of `read_window` for windows of so many steps and streams."""
    if has_hidden(model):
        return model.workspace(num_steps, num_streams, resets=resets, backward=False, logits=False)
    return model.workspace(num_steps, num_streams, resets=resets, backward=False)


def read_window(model: LanguageModel, codec: Codec, window: Window, state: Any, work: Any) -> LogitsAt:
    """Let the model read a window, and return its logits as they are asked for; advance `state` in place.

    Those of tokens that cannot follow are -infinity. The next window may overwrite what they are made from.
    """
    inputs = window.inputs.reshape(-1)
    if not has_hidden(model):
        logits = model.forward(window.inputs, state, work, resets=window.resets)
        rows = logits.reshape(-1, logits.shape[-1])
        return lambda some: codec.possible(rows[some], inputs[some])
    h = model.hidden(window.inputs, state, work, resets=window.resets)

    def projected(some: slice) -> FloatArray:
        columns = h[:, some]
        out = np.empty((columns.shape[1], model.vocab_size), h.dtype)
        return codec.possible(model.projection.forward(columns, model.params, out=out), inputs[some])

    return projected


def price(
    logits_at: LogitsAt,
    targets: TokenArray,
    *,
    vocab_size: int,
    ranks: bool = False,
    entropies: bool = False,
    compiled: bool = False,
) -> Prices:
    """Return the prices (T*N,) of `targets` (T, N): nats, and what else is asked for.

    Logits are computed for a few places at a time, side by side on the cores of this machine, and not kept.
    """
    targets = targets.reshape(-1)
    found = Prices.empty(len(targets), ranks=ranks, entropies=entropies)
    write = compiled_prices() if compiled else write_prices

    def write_some(some: slice) -> None:
        write(logits_at(some), targets[some], out=found.at(some))

    at_once = rows_at_once(vocab_size)
    run_jobs([partial(write_some, slice(k, k + at_once)) for k in range(0, len(targets), at_once)])
    return found


def distributions(logits_at: LogitsAt, shape: tuple[int, ...]) -> FloatArray:
    """Return log p (*shape, V) in float64 at all places of a window of this shape."""
    log_p = log_softmax(logits_at(slice(None)))
    return log_p.reshape(*shape, log_p.shape[-1])


def predict_window(model: LanguageModel, codec: Codec, window: Window, state: Any, work: Any) -> FloatArray:
    """Return log p (T, N, V) in float64 for each target of a window; advance `state` in place."""
    return distributions(read_window(model, codec, window, state, work), window.inputs.shape)
