"""The choice of one token from logits: the temperature, then the filters, then a draw from what is left.

The filters are those of FILTERS, in its order. Each sees the probabilities that those before it left, as if
they were all: top k first, a share of the probability is then one of the k.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from charseq.arrays import FloatArray
from charseq.config import SampleConfig
from charseq.registry import FILTERS

IndexArray = NDArray[np.intp]

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
    return drawn(weights(logits, temperature), logits, config, rng)


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


def drawn(p: FloatArray, logits: FloatArray, config: SampleConfig, rng: np.random.Generator) -> int:
    """Return a token drawn by its weight in `p` (V,), limited by the filters, which change `p` in place.

    It takes one random number.
    """
    for cut_, value in _filters_of(config):
        cut_(p, logits, value)
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
    p[(-logits).argsort(kind="stable")[int(k) :]] = 0


def typical(p: FloatArray, logits: FloatArray, share: float) -> None:
    """Keep the tokens whose surprisal is nearest to the entropy, as few as have this share together.

    Source: Meister, Pimentel, Wiher and Cotterell 2023, "Locally typical sampling".
    """
    logs = np.log(p + TINY)
    mean = p.dot(logs) / np.add.accumulate(p)[-1]  # minus the entropy, but for what normalises both alike
    logs -= mean
    _keep_first(p, np.abs(logs, out=logs).argsort(kind="stable"), share)


def top_p(p: FloatArray, logits: FloatArray, share: float) -> None:
    """Keep the fewest likeliest tokens that have this share together.

    Source: Holtzman, Buys, Du, Forbes and Choi 2020, "The curious case of neural text degeneration".
    """
    _keep_first(p, (-logits).argsort(kind="stable"), share)


def min_p(p: FloatArray, logits: FloatArray, share: float) -> None:
    """Keep the tokens that are at least this share as likely as the likeliest.

    Source: Nguyen et al. 2024, "Turning up the heat: min-p sampling for creative and coherent LLM outputs".
    """
    p *= p >= share * p.item(p.argmax())


def _keep_first(p: FloatArray, order: IndexArray, share: float) -> None:
    """Keep the first tokens in this order that have this share of the sum."""
    heights = np.add.accumulate(p[order])
    p[order[1 + int(heights.searchsorted(share * heights[-1])) :]] = 0
