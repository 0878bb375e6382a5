"""Baselines: n-gram models of one order, counted in the training part of the model beside them."""

import re
from collections.abc import Iterable

from charseq.config import suggest
from charseq.errors import ConfigError
from charseq.models import LanguageModel, fit_ngram
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.provenance import training_part
from charseq.text.batches import Examples

ORDERS = {"uniform": 0, "unigram": 1}
ORDERS_BY_WORD = {"bigram": 2, "digram": 2, "trigram": 3, "fourgram": 4, "fivegram": 5, "ngram": 5}
"""The orders that other names for baselines mean, or may mean."""


def count_baselines(checkpoint: Checkpoint, names: Iterable[str]) -> dict[str, LanguageModel]:
    """Return the baselines with names such as "uniform" and "ngram:5", with the vocabulary of the model.

    Raises ConfigError for other names, ConfigError or DataError if the training part cannot be read again.
    """
    orders, codec = baseline_orders(names), checkpoint.codec
    if not orders:
        return {}
    examples = Examples(training_part(checkpoint), codec)
    return {
        name: fit_ngram(examples, vocab_size=codec.vocab_size, order=order) for name, order in orders.items()
    }


def baseline_orders(names: Iterable[str]) -> dict[str, int]:
    """Return the orders of "uniform", "ngram:5" and so on by name. Raises ConfigError for other names."""
    return {name: _order(name) for name in names}


def _order(name: str) -> int:
    if name in ORDERS:
        return ORDERS[name]
    if match := re.fullmatch(r"ngram:([1-9][0-9]?)", name):
        return int(match[1])
    raise ConfigError(
        f"baseline must be uniform, unigram or ngram:K with K from 1 to 99; got {name!r}{_meant(name)}"
    )


def _meant(name: str) -> str:
    """Return in brackets the baseline that "bigram", "3-gram" or "ngram5" means, or the nearest name."""
    number = re.fullmatch(r"(?:(\d{1,2})-?grams?|n-?grams?[-_ =(]?(\d{1,2})\)?)", name.lower(), re.ASCII)
    order = int(number[1] or number[2]) if number else ORDERS_BY_WORD.get(name.lower().removesuffix("s"), 0)
    return f" (did you mean 'ngram:{order}'?)" if order else suggest(name, [*ORDERS, "ngram:5"])
