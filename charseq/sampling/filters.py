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

Filter = Callable[[FloatArray, FloatArray, float], None]
"""A filter: a function of weights p (V,), logits (V,) and its setting that sets weights to 0 in place.

The logits tell the order of tokens whose weights are the same, as at a huge temperature.
"""


def draw(logits: FloatArray, config: SampleConfig, rng: np.random.Generator, num_chars: int = 0) -> int:
    """Return a token drawn from softmax(logits / temperature), limited by the filters.

    `num_chars` is the number of characters drawn before it, on which a temperature that changes depends. At
    temperature 0 it is the argmax, and `rng` is not used. Otherwise one uniform number is drawn.
    """
    temperature = temperature_at(config, num_chars)
    if temperature == 0:
        return int(logits.argmax())
    p = weights(logits, temperature)
    filter_(p, logits, config)
    return pick(p, rng)


def temperature_at(config: SampleConfig, num_chars: int) -> float:
    """Return the temperature after `num_chars` of the `config.length` characters: a straight line."""
    begin, end = config.temperature, config.temperature_end
    if end < 0 or config.length < 2:
        return begin
    return begin + (end - begin) * min(1.0, num_chars / (config.length - 1))


def weights(logits: FloatArray, temperature: float) -> FloatArray:
    """Return softmax(logits / temperature) times a number that makes the largest weight 1."""
    p = logits.astype(np.float64)
    p -= p.item(p.argmax())  # twice as fast as max at this length
    if temperature < TINY_TEMPERATURE:
        p[p < 0] = -np.inf
    else:
        p /= temperature
    weighed: FloatArray = np.exp(p, out=p)
    return weighed


def filter_(p: FloatArray, logits: FloatArray, config: SampleConfig) -> None:
    """Set to 0 the weights `p` (V,) of what the filters leave out, in place."""
    for cut_, value in _filters_of(config):
        cut_(p, logits, value)


def pick(p: FloatArray, rng: np.random.Generator) -> int:
    """Return a token drawn by its weight in `p` (V,); it takes one random number."""
    heights = np.add.accumulate(p)
    return int(heights.searchsorted(rng.random() * heights[-1], "right"))


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


def top_k(p: FloatArray, logits: FloatArray, k: float) -> None:
    """Keep the k likeliest tokens.

    Source: Fan, Lewis and Dauphin 2018, "Hierarchical neural story generation".
    """
    order, num = (-p).argsort(), int(k)
    if _is_tied(p, order, num):
        order = (-logits).argsort(kind="stable")
    p[order[num:]] = 0


def typical(p: FloatArray, logits: FloatArray, share: float) -> None:
    """Keep the tokens whose surprisal is nearest to the entropy, as few as have this share together.

    Source: Meister, Pimentel, Wiher and Cotterell 2023, "Locally typical sampling".
    """
    distances = np.log(p + TINY)
    distances -= p.dot(distances) / np.add.accumulate(p)[-1]  # log p and minus the entropy lack the same term
    np.abs(distances, out=distances)
    order = distances.argsort()
    num = _num_reaching(p[order], share)
    if _is_tied(distances, order, num):
        order = distances.argsort(kind="stable")
        num = _num_reaching(p[order], share)
    p[order[num:]] = 0


def top_p(p: FloatArray, logits: FloatArray, share: float) -> None:
    """Keep the fewest likeliest tokens that have this share together.

    Source: Holtzman, Buys, Du, Forbes and Choi 2020, "The curious case of neural text degeneration".
    """
    order = (-p).argsort()
    num = _num_reaching(p[order], share)
    if _is_tied(p, order, num):
        order = (-logits).argsort(kind="stable")
        num = _num_reaching(p[order], share)
    p[order[num:]] = 0


def min_p(p: FloatArray, logits: FloatArray, share: float) -> None:
    """Keep the tokens that are at least this share as likely as the likeliest.

    Source: Nguyen et al. 2024, "Turning up the heat: min-p sampling for creative and coherent LLM outputs".
    """
    p *= p >= share * p.item(p.argmax())


def _num_reaching(p: FloatArray, share: float) -> int:
    """Return how many of the first of `p` have this share of the sum."""
    heights = np.add.accumulate(p)
    return 1 + int(heights.searchsorted(share * heights.item(-1)))


def _is_tied(values: FloatArray, order: IndexArray, num: int) -> bool:
    """Return whether the first `num` in this order end between equals; then a slower sort must decide."""
    return num < len(order) and values.item(order.item(num - 1)) == values.item(order.item(num))
