"""Texts that keep constraints, those of the settings that are in CONSTRAINTS."""

from collections.abc import Iterator
from dataclasses import replace

from charseq.config import SampleConfig
from charseq.errors import ConfigError
from charseq.network.loss import log_softmax
from charseq.registry import CONSTRAINTS
from charseq.sampling.conditional import Conditional
from charseq.sampling.constraints.constraint import Constraint, Knowledge
from charseq.sampling.draft import Draft, SampledText
from charseq.sampling.order import Order
from charseq.sampling.pruned import Pruned
from charseq.sampling.rules import Rules
from charseq.sampling.start import Start
from charseq.sampling.walk import Walk


def constraints_on(config: SampleConfig) -> list[str]:
    """Return the names of the constraints that the settings ask for."""
    fields = SampleConfig.model_fields
    return [name for name in CONSTRAINTS if getattr(config, name) != fields[name].default]


def steered(start: Start, order: Order, *, priced: bool = True) -> Iterator[SampledText]:
    """Yield the texts of an order that keep the constraints; if they are not `priced`, their nats are 0.

    Texts that end are drawn from the model's distribution under the condition, unless `config.weighted` is
    true; others are pruned, see `pruned.py`. Raises ConfigError or DataError for constraints that cannot be
    kept.
    """
    config, end = order.config, start.codec.end
    stops = [stop for stop in order.stops if not end or end not in stop]  # the end comes first
    names, knowledge = constraints_on(config), Knowledge(start.codec, start.training_text)
    constraints: list[Constraint] = [CONSTRAINTS[name].of(getattr(config, name), knowledge) for name in names]
    _check(constraints, order, has_end=bool(stops or end))
    rules = [Rules(one, [*stops, end] if end else stops) for one in constraints]
    walk = Walk(start, rules, length=config.length)
    kind = Conditional if (stops or end) and not config.weighted else Pruned
    write = kind(start, config, walk, names).write_
    for index in order.indices:
        log_weight = write(order.rng(index))
        for constraint in constraints:
            constraint.note(walk.text)
        draft = Draft(start, order, index)
        for token, nats in _priced(start, walk.tokens) if priced else ((token, 0.0) for token in walk.tokens):
            draft.take(token, nats)
        yield replace(draft.finished(), log_weight=log_weight)


def _priced(start: Start, tokens: list[int]) -> Iterator[tuple[int, float]]:
    """Yield each token of a text with its surprisal, for which the text is read once more."""
    token = start.token
    start.reader.restore_(start.saved)
    for following in tokens:
        logits = start.codec.possible(start.reader.read(token), token)
        yield following, float(-log_softmax(logits)[following])
        token = following


def _check(constraints: list[Constraint], order: Order, *, has_end: bool) -> None:
    """Raise ConfigError for settings that cannot go together."""
    for constraint in constraints:
        if constraint.needs_end and not has_end:
            raise ConfigError(
                f"sample.{constraint.name}: needs texts that end: give a stop, or take a model of lines"
            )
    config = order.config
    if config.unique and order.num_texts > 1 and config.temperature == 0 and config.temperature_end <= 0:
        raise ConfigError("sample.unique: at temperature 0 all texts are the same one")
