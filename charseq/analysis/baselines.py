"""The models that another one is compared with: n-grams of one order, in its own vocabulary."""

import re

from charseq.config import suggest
from charseq.errors import ConfigError

ORDERS = {"uniform": 0, "unigram": 1}


def baseline_orders(names: str) -> dict[str, int]:
    """Return the order of each of "uniform,unigram,ngram:5", by its name; ConfigError for anything else."""
    return {name: _order(name) for name in map(str.strip, names.split(","))}


def _order(name: str) -> int:
    if name in ORDERS:
        return ORDERS[name]
    if match := re.fullmatch(r"ngram:([1-9][0-9]?)", name):
        return int(match[1])
    raise ConfigError(
        f"--baseline must be uniform, unigram or ngram:K with K from 1 to 99; got {name!r}"
        f"{suggest(name, [*ORDERS, 'ngram:5'])}"
    )
