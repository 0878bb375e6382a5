"""The recipe: the sizes, the dropout and the rate of a network that suit its text, its time and its machine.

The numbers were found by the searches of `tests/quality/`; the manual's page `method` has their results.
"""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from charseq.cells import CELLS
from charseq.config import ModelConfig, Settings, TrainConfig, format_duration
from charseq.network import num_product_weights, parameter_shapes
from charseq.training.limits import Limits

Layer: TypeAlias = dict[str, dict[str, Any]]
Given: TypeAlias = Collection[tuple[str, str]]

MIN_SECONDS = 10.0
"""Training with less time than this keeps the settings as they are: measuring would take too much of it."""
SHARE = 0.8
"""The share of the time that goes into products; the rest validates, draws dropout, updates the weights."""


class Size(NamedTuple):
    """The sizes of a network, with the batch and the rate that suit it."""

    num_layers: int
    hidden_size: int
    batch_size: int
    learning_rate: float


SIZES = {
    "small": Size(1, 128, 16, 30e-3),
    "medium": Size(1, 256, 16, 30e-3),
    "large": Size(1, 384, 16, 20e-3),
    "xl": Size(1, 512, 16, 20e-3),
}
"""The ladder of sizes, from the smallest."""
OPTIMIZER = "nadamw"
"""The update rule that these rates are for."""
NORMALISED_PASSES = 12.0
"""A text that is read more often is learnt by heart sooner if recurrent products are normalised."""
UNGATED_SHARE = 0.2
"""The share of its size's rate for a network without gates, which bears less; no restraint scales it."""
MIN_STEPS = 2800
"""A network is not too large for its time if it can make this many steps."""
MAX_PARAMETERS_PER_CHAR = 8.0
"""A network is not too large for its text if it has at most this many parameters for each character."""


class Restraint(NamedTuple):
    """The settings that keep a network from learning its text by heart, for a risk of at most `risk`.

    The risk is the number of readings times the parameters for each character. The noise of large steps is a
    restraint, too: `rate_scale` multiplies the rate of a network with gates that is normalised, `plain_scale`
    that of one that is not, and bears less, above all with little decay.
    """

    risk: float
    dropout: float
    weight_decay: float
    rate_scale: float
    plain_scale: float


RESTRAINTS = (
    Restraint(0.3, 0.0, 0.01, 1.0, 0.4),
    Restraint(1.5, 0.1, 0.01, 1.0, 0.4),
    Restraint(7.0, 0.1, 0.1, 1.0, 0.8),
    Restraint(100.0, 0.3, 0.1, 1.25, 1.0),
    Restraint(math.inf, 0.4, 0.1, 1.75, 1.4),
)
"""The restraints, from the lowest risk of learning by heart to the highest."""
NGRAM_ORDERS = range(8, 3, -1)
"""The orders of the n-grams that are mixed in, the best first; shorter ones would not help."""
COUNTING_SECONDS, COUNTING_SHARE = 0.4e-6, 0.12
"""The time for counting a character at one order, and the share of the run that counting may take."""
MIN_VALID_CHARS = 1000
"""The fewest characters of validation text on which weights of a mixture are fitted without being asked."""


class Chosen(NamedTuple):
    """The settings that the recipe chose, and the reason in one line."""

    settings: Settings
    reason: str


Recipe = Callable[[int, int, int], Chosen | None]
"""A function of the characters to train on, those to validate on, and the size of the vocabulary.

It returns None if nothing is chosen.
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """The amount that a run reads: a text of `num_chars` characters, as often as its limits allow.

    `products` is the number of products that there is time for; 0 for a run with a limit in steps or epochs.
    """

    num_chars: int
    vocab_size: int
    products: float

    def passes(self, settings: Settings) -> float:
        """Return how many times a run with these settings reads the text."""
        train = settings.train
        if self.products:
            return self.products / num_product_weights(settings.model, self.vocab_size) / self.num_chars
        num_read = train.max_steps * train.batch_size * train.seq_length
        return min(limit for limit in (train.num_epochs, num_read / self.num_chars) if limit)

    def suits(self, settings: Settings) -> bool:
        """Return whether a network with these settings is too large neither for its time nor for its text."""
        train = settings.train
        num_steps = self.passes(settings) * self.num_chars / (train.batch_size * train.seq_length)
        return num_steps >= MIN_STEPS and self._parameters_per_char(settings) <= MAX_PARAMETERS_PER_CHAR

    def restraint(self, settings: Settings) -> Restraint:
        """Return what keeps a network with these settings from learning the text by heart."""
        risk = self.passes(settings) * self._parameters_per_char(settings)
        return next(one for one in RESTRAINTS if risk <= one.risk)

    def _parameters_per_char(self, settings: Settings) -> float:
        shapes = parameter_shapes(settings.model, self.vocab_size)
        return sum(map(math.prod, shapes.values())) / self.num_chars


def choose(
    settings: Settings,
    given: Given,
    *,
    num_chars: int,
    num_valid: int,
    vocab_size: int,
    speed: Callable[[TrainConfig], float],
) -> Chosen | None:
    """Return `settings` with all that the recipe chooses, or None if they are to stay as they are.

    The settings in `given`, pairs of section and key, keep their values. The training text has `num_chars`
    characters, the validation text `num_valid`. Recurrent products are normalised, unless the text is read
    often, and n-grams are mixed in if there is time to count them; but neither if a setting of the section
    model is given, for who names a cell wants to see what it does. Nor are n-grams mixed in for targets,
    whose source is out of their sight.
    `speed` returns the products per second, see `training_speed`; it is called only for a run that is limited
    by time alone.
    """
    train, size = settings.train, settings.model.size
    timed = not (train.num_epochs or train.max_steps)
    seconds = Limits.of(train).max_time if timed else 0.0
    if size == "fixed" or (size == "auto" and seconds < MIN_SECONDS):
        return None
    reading = Reading(num_chars, vocab_size, SHARE * speed(train) * seconds if timed else 0.0)
    is_named = any(section == "model" and key != "size" for section, key in given)
    sized = {
        name: _with(settings, layer_of(one, settings.model, is_normalised=False), given)
        for name, one in SIZES.items()
    }
    step = _step(settings, given, reading, sized) if size == "auto" else size
    chosen = sized[step]
    passes = reading.passes(chosen)
    if settings.model.kind == "recurrent" and not is_named and passes <= NORMALISED_PASSES:
        chosen = _with(settings, layer_of(SIZES[step], settings.model, is_normalised=True), given)
    learns_by_heart = chosen.model.hidden_size >= SIZES["small"].hidden_size  # fewer units learn little so
    restraint = reading.restraint(chosen) if learns_by_heart else RESTRAINTS[0]
    chosen = _with(chosen, restrained(chosen, restraint), given)
    counts_all = not settings.data.target_after and settings.data.loss_on in ("auto", "all")
    if not is_named and counts_all and num_valid >= MIN_VALID_CHARS:
        chosen = _with(chosen, {"train": {"with_ngram": ngram_order(num_chars, seconds)}}, given)
    reason = _reason(chosen, passes, num_chars, seconds)
    return Chosen(chosen.with_layer({"model": {"size": "fixed"}}, "recipe"), reason)


def _step(settings: Settings, given: Given, reading: Reading, sized: dict[str, Settings]) -> str:
    """Return the largest step that suits text and time, or the one for the units that are given."""
    smallest, *_, largest = SIZES
    if ("model", "hidden_size") in given:
        units = settings.model.hidden_size
        return next((name for name, one in SIZES.items() if units <= one.hidden_size), largest)
    return next((name for name in reversed(SIZES) if reading.suits(sized[name])), smallest)


def layer_of(size: Size, model: ModelConfig, *, is_normalised: bool) -> Layer:
    """Return the settings of a step of the ladder for a kind of network, whose products may be normalised."""
    share = 1 if _has_gates(model) else UNGATED_SHARE
    return {
        "model": {
            "num_layers": size.num_layers,
            "hidden_size": size.hidden_size,
            **({"rms_norm": True} if is_normalised else {}),
        },
        "train": {"batch_size": size.batch_size},
        "optim": {
            "optimizer": OPTIMIZER,
            "learning_rate": _rounded(share * size.learning_rate),
        },
    }


def restrained(settings: Settings, one: Restraint) -> Layer:
    """Return the settings of a restraint for a network with these settings."""
    model = settings.model
    scale = (one.rate_scale if model.rms_norm else one.plain_scale) if _has_gates(model) else 1.0
    return {
        "model": {"dropout": one.dropout},
        "optim": {
            "weight_decay": one.weight_decay,
            "learning_rate": _rounded(scale * settings.optim.learning_rate),
        },
    }


def ngram_order(num_chars: int, seconds: float) -> int:
    """Return the order of the n-grams that can be counted in a run of so many seconds, 0 if there is none."""
    affordable = COUNTING_SHARE * seconds / (COUNTING_SECONDS * num_chars)
    return next((order for order in NGRAM_ORDERS if order <= affordable), 0)


def _has_gates(model: ModelConfig) -> bool:
    return model.kind == "recurrent" and bool(CELLS[model.cell].gates)


def _rounded(rate: float) -> float:
    return float(f"{rate:.6g}")


def _with(settings: Settings, layer: Layer, given: Given) -> Settings:
    """Return `settings` with those of `layer` that are not given."""
    free = {
        section: {key: value for key, value in values.items() if (section, key) not in given}
        for section, values in layer.items()
    }
    return settings.with_layer(free, "recipe")


def _reason(chosen: Settings, passes: float, num_chars: int, seconds: float) -> str:
    model, train = chosen.model, chosen.train
    time = f" in {format_duration(seconds)}" if seconds else ""
    norm = ", normalised," if model.rms_norm else ""
    what = (
        f"{model.num_layers} x {model.hidden_size}{norm} with dropout {model.dropout:g}, "
        f"decay {chosen.optim.weight_decay:g}, {chosen.optim.optimizer} at rate "
        f"{chosen.optim.learning_rate:g} and batches of "
        f"{train.batch_size} x {train.seq_length}"
    )
    readings = f"{passes:.2g}" if passes < 10 else f"{passes:,.0f}"
    why = f"chosen for {readings} readings of {num_chars:,} characters{time}"
    mixed = f", mixed with n-grams of up to {train.with_ngram} characters" if train.with_ngram else ""
    return f'{what} {why}{mixed} (the size "fixed" leaves the settings as they are)'
