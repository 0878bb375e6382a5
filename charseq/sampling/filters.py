"""The choice of one token from logits: the temperature, then the filters, then a draw from what is left.

The filters are those of FILTERS, in its order. Each sees the probabilities that those before it left, as if
they were all: top k first, a share of the probability is then one of the k.
"""

from collections.abc import Callable

import numpy as np

from charseq.arrays import FloatArray, IndexArray
from charseq.config import SampleConfig
from charseq.registry import FILTERS

TINY = 1e-300
"""A weight that is added where a logarithm is taken: 0 log 0 is then 0."""
TINY_TEMPERATURE = 1e-260
"""Below this temperature, dividing by it may overflow; then only the likeliest tokens are possible."""

Kept = tuple[IndexArray, FloatArray]
"""Tokens in an order, the kept ones first, and the sums of the weights of those up to each of the kept."""

Filter = Callable[[FloatArray, FloatArray, float], Kept | None]
"""A filter: a function of weights p (V,), their logarithms (V,) and its setting.

It sets weights to 0 in place, or leaves them and returns what it keeps, if it has an order to draw from. The
logarithms differ also where weights round to the same, as at a huge temperature; they do not know which
weights other filters have set to 0.
"""


def draw(logits: FloatArray, config: SampleConfig, rng: np.random.Generator, num_chars: int = 0) -> int:
    """Return a token drawn from softmax(logits / temperature), limited by the filters.

    `num_chars` is the number of characters drawn before it, on which a temperature that changes depends. At
    temperature 0 it is the argmax, and `rng` is not used. Otherwise one uniform number is drawn.
    """
    temperature = temperature_at(config, num_chars)
    if temperature == 0:
        return int(logits.argmax())
    log_p = _scaled(logits, temperature)
    if not _filters_of(config):
        return pick(np.exp(log_p, out=log_p), rng)
    p = np.exp(log_p)
    kept = _filtered(p, log_p, config)
    if kept is None:
        return pick(p, rng)
    order, heights = kept
    return int(order[heights.searchsorted(rng.random() * heights[-1], "right")])


def temperature_at(config: SampleConfig, num_chars: int) -> float:
    """Return the temperature after `num_chars` of the `config.length` characters: a straight line."""
    begin, end = config.temperature, config.temperature_end
    if end < 0 or config.length < 2:
        return begin
    return begin + (end - begin) * min(1.0, num_chars / (config.length - 1))


def weights(logits: FloatArray, temperature: float) -> FloatArray:
    """Return softmax(logits / temperature) times a number that makes the largest weight 1."""
    p = _scaled(logits, temperature)
    weighed: FloatArray = np.exp(p, out=p)
    return weighed


def _scaled(logits: FloatArray, temperature: float) -> FloatArray:
    """Return logits / temperature, as float64, with 0 for the largest."""
    p = logits.astype(np.float64)
    p -= p.item(p.argmax())  # twice as fast as max at this length
    if temperature < TINY_TEMPERATURE:
        p[p < 0] = -np.inf
    else:
        p /= temperature
    return p


def filter_(p: FloatArray, config: SampleConfig) -> None:
    """Set to 0 the weights `p` (V,) of what the filters leave out, in place."""
    if _filters_of(config):
        _leave_out(p, _filtered(p, _log(p), config))


def _filtered(p: FloatArray, log_p: FloatArray, config: SampleConfig) -> Kept | None:
    """Apply the filters; return what the last of them keeps, None if the weights in `p` say it."""
    kept = None
    for keep, value in _filters_of(config):
        _leave_out(p, kept)
        kept = keep(p, log_p, value)
    return kept


def _leave_out(p: FloatArray, kept: Kept | None) -> None:
    """Set to 0 the weights of tokens that are not kept, in place."""
    if kept is not None:
        p[kept[0][len(kept[1]) :]] = 0


def pick(p: FloatArray, rng: np.random.Generator) -> int:
    """Return a token drawn by its weight in `p` (V,); it takes one random number."""
    return pick_at(p, rng.random())


def pick_at(p: FloatArray, chance: float) -> int:
    """Return the token at `chance`, in [0, 1), of the sum of the weights `p` (V,)."""
    heights = np.add.accumulate(p)
    return int(heights.searchsorted(chance * heights[-1], "right"))


_found: tuple[SampleConfig | None, tuple[tuple[Filter, float], ...]] = (None, ())


def _filters_of(config: SampleConfig) -> tuple[tuple[Filter, float], ...]:
    """Return the filters that are on, each with its value; one is off at the default of its setting."""
    global _found  # a text is drawn with the same settings throughout: a look-up would take microseconds
    if _found[0] is not config:
        fields = SampleConfig.model_fields
        values = {name: getattr(config, name) for name in FILTERS}
        on = ((FILTERS[name], value) for name, value in values.items() if value != fields[name].default)
        _found = (config, tuple(on))
    return _found[1]


def top_k(p: FloatArray, log_p: FloatArray, k: float) -> Kept:
    """Keep the k likeliest tokens.

    Source: Fan, Lewis and Dauphin 2018, "Hierarchical neural story generation".
    """
    order, num = (-p).argsort(), int(k)
    if _is_tied(p, order, num):
        order = (-log_p).argsort(kind="stable")
    return order, np.add.accumulate(p[order[:num]])


def typical(p: FloatArray, log_p: FloatArray, share: float) -> Kept:
    """Keep the tokens whose surprisal is nearest to the entropy, as few as have this share together.

    Source: Meister, Pimentel, Wiher and Cotterell 2023, "Locally typical sampling".
    """
    if log_p.item(log_p.argmin()) == -np.inf:  # a weight of 0 times that is no number
        log_p = _log(p)
    mean = p.dot(log_p) / np.add.accumulate(p)[-1]
    distances = log_p - mean  # log p and minus the entropy, which lack the same term
    return _reaching(p, np.abs(distances, out=distances).argsort(), share)


def top_p(p: FloatArray, log_p: FloatArray, share: float) -> Kept:
    """Keep the fewest likeliest tokens that have this share together.

    Source: Holtzman, Buys, Du, Forbes and Choi 2020, "The curious case of neural text degeneration".
    """
    order, heights = _reaching(p, (-p).argsort(), share)
    if _is_tied(p, order, len(heights)):
        return _reaching(p, (-log_p).argsort(kind="stable"), share)
    return order, heights


def min_p(p: FloatArray, log_p: FloatArray, share: float) -> None:
    """Keep the tokens that are at least this share as likely as the likeliest.

    Source: Nguyen et al. 2024, "Turning up the heat: min-p sampling for creative and coherent LLM outputs".
    """
    p *= p >= share * p.item(p.argmax())


def _reaching(p: FloatArray, order: IndexArray, share: float) -> Kept:
    """Keep the first tokens in this order that have this share of the sum."""
    heights = np.add.accumulate(p[order])
    return order, heights[: 1 + heights.searchsorted(share * heights[-1])]


def _log(p: FloatArray) -> FloatArray:
    """Return the logarithms of weights, that of a tiny number for 0."""
    logs: FloatArray = np.log(p + TINY)
    return logs


def _is_tied(values: FloatArray, order: IndexArray, num: int) -> bool:
    """Return whether the first `num` in this order end between equals; then a slower sort must decide."""
    return num < len(order) and values.item(order.item(num - 1)) == values.item(order.item(num))
