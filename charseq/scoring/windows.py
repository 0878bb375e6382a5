"""A window of text read by a model: the distributions at its targets, or only numbers taken from these."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from charseq.arrays import FloatArray, TokenArray
from charseq.models import LanguageModel, Readout, has_hidden, has_readout
from charseq.network.loss import log_softmax
from charseq.network.pricing import Prices, compiled_prices, rows_at_once, write_known_prices, write_prices
from charseq.scoring.cores import run_jobs
from charseq.text.batches import Window
from charseq.text.codec import Codec

PRICES_AT_ONCE = 1 << 12
"""The number of prices that are computed together where no distributions are."""


@dataclass(frozen=True, slots=True)
class WindowRead:
    """A window that a model has read.

    `logits_at` is the function from some of its T*N places, step by step, to their logits (M, V). `readout`
    is there if the logits are log p, and single ones can be had without the others.
    """

    logits_at: Callable[[slice], FloatArray]
    readout: Readout | None = None


def make_work(model: LanguageModel, num_steps: int, num_streams: int, *, resets: bool) -> Any:
    """Return the workspace of `read_window` for windows of so many steps and streams."""
    if has_hidden(model):
        return model.workspace(num_steps, num_streams, resets=resets, backward=False, logits=False)
    return model.workspace(num_steps, num_streams, resets=resets, backward=False)


def read_window(model: LanguageModel, codec: Codec, window: Window, state: Any, work: Any) -> WindowRead:
    """Let the model read a window, whose logits are computed when asked for; advance `state` in place.

    Those of tokens that cannot follow are -infinity. The next window may overwrite what they are made from.
    """
    inputs = window.inputs.reshape(-1)
    if has_readout(model):
        readout = model.readout(window.inputs, state, work, resets=window.resets)
        if codec.tokenizer.any_sequence:
            return WindowRead(readout.log_p, readout)
        return WindowRead(lambda some: codec.possible(readout.log_p(some), inputs[some]))
    if not has_hidden(model):
        logits = model.forward(window.inputs, state, work, resets=window.resets)
        rows = logits.reshape(-1, logits.shape[-1])
        return WindowRead(lambda some: codec.possible(rows[some], inputs[some]))
    h = model.hidden(window.inputs, state, work, resets=window.resets)

    def projected(some: slice) -> FloatArray:
        columns = h[:, some]
        out = np.empty((columns.shape[1], model.vocab_size), h.dtype)
        return codec.possible(model.projection.forward(columns, model.params, out=out), inputs[some])

    return WindowRead(projected)


def price(
    read: WindowRead,
    targets: TokenArray,
    *,
    vocab_size: int,
    ranks: bool = False,
    entropies: bool = False,
    compiled: bool = False,
) -> Prices:
    """Return the prices (T*N,) of `targets` (T, N): nats, and what else is asked for.

    Logits are computed for a few places at a time, side by side on the cores of this machine, and not kept.
    A price by itself does not need those of the other tokens, if the model can do without.
    """
    targets = targets.reshape(-1)
    found = Prices.empty(len(targets), ranks=ranks, entropies=entropies)
    at_once, readout = rows_at_once(vocab_size), read.readout
    if readout is not None and not (ranks or entropies):
        at_once = PRICES_AT_ONCE

        def write_some(some: slice) -> None:
            np.negative(readout.log_p_of(some, targets[some]), out=found.nats[some])
    else:
        write = write_known_prices if readout else compiled_prices() if compiled else write_prices

        def write_some(some: slice) -> None:
            write(read.logits_at(some), targets[some], out=found.at(some))

    run_jobs([partial(write_some, slice(k, k + at_once)) for k in range(0, len(targets), at_once)])
    return found


def distributions(read: WindowRead, shape: tuple[int, ...]) -> FloatArray:
    """Return log p (*shape, V) in float64 at all places of a window of this shape."""
    log_p = log_softmax(read.logits_at(slice(None)))
    return log_p.reshape(*shape, log_p.shape[-1])


def predict_window(model: LanguageModel, codec: Codec, window: Window, state: Any, work: Any) -> FloatArray:
    """Return log p (T, N, V) in float64 for each target of a window; advance `state` in place."""
    return distributions(read_window(model, codec, window, state, work), window.inputs.shape)
