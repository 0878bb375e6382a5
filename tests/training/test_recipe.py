"""The recipe: what it chooses for which text and time, what it leaves alone, and the line that says so."""

from typing import Any

import pytest

from charseq.config import Settings, TrainConfig
from charseq.training.recipe import RESTRAINTS, SIZES, UNGATED_SHARE, Chosen, Size, choose

SPEED = 19e9
"""The products per second of two cores: a GRU of 256 units reads 9 million characters in two minutes."""

LONG = 20_000_000
"""The characters of a text that two minutes do not read once."""


def chosen(
    layer: dict[str, Any] | None = None,
    *given: str,
    num_chars: int = 1_000_000,
    num_valid: int = 50_000,
    vocab_size: int = 65,
    speed: float = SPEED,
) -> Chosen | None:
    """Return what the recipe chooses for the settings in `layer`; `given` has names as "model.dropout"."""
    settings = Settings().with_layer(layer or {}, "test")
    pairs = {(name.split(".")[0], name.split(".")[1]) for name in given}
    sizes = {"num_chars": num_chars, "num_valid": num_valid, "vocab_size": vocab_size}
    return choose(settings, pairs, **sizes, speed=lambda train: speed)


def settings_for(layer: dict[str, Any] | None = None, *given: str, **facts: Any) -> Settings:
    made = chosen(layer, *given, **facts)
    assert made is not None
    return made.settings


def size_of(settings: Settings) -> Size:
    """Return the step of the ladder, with the rate that a normalised network has that reads its text once."""
    model, train = settings.model, settings.train
    restraint = model.dropout, settings.optim.weight_decay
    one = next(one for one in RESTRAINTS if (one.dropout, one.weight_decay) == restraint)
    rate = settings.optim.learning_rate / (one.rate_scale if model.rms_norm else one.plain_scale)
    return Size(model.num_layers, model.hidden_size, train.batch_size, round(rate, 6))


def never(train: TrainConfig) -> float:
    raise AssertionError("the speed was measured")


# ---- when it chooses


@pytest.mark.parametrize(
    "layer",
    [
        {"train": {"max_steps": 100}},
        {"train": {"num_epochs": 3}},
        {"train": {"num_epochs": 3, "max_time": "10m"}},
        {"train": {"max_time": "5s"}},
        {"model": {"size": "fixed"}},
        {"model": {"size": "fixed"}, "train": {"max_time": "10m"}},
    ],
)
def test_nothing_is_chosen_or_measured(layer: dict[str, Any]) -> None:
    """Limits in steps or epochs, a very short time, and `size` "fixed" leave every setting as it is."""
    settings = Settings().with_layer(layer, "test")
    assert choose(settings, (), num_chars=10**6, num_valid=10**5, vocab_size=65, speed=never) is None


def test_the_two_minutes_of_a_run_without_limits_are_a_limit_in_time() -> None:
    """Without any limit the recipe chooses as for two minutes."""
    assert settings_for().model == settings_for({"train": {"max_time": "2m"}}).model


def test_a_named_size_needs_no_time() -> None:
    """With a limit in steps a named size is taken, and nothing is measured."""
    settings = Settings().with_layer({"model": {"size": "large"}, "train": {"max_steps": 10}}, "test")
    made = choose(settings, (), num_chars=10**6, num_valid=10**5, vocab_size=65, speed=never)
    assert made is not None
    assert size_of(made.settings) == SIZES["large"]


@pytest.mark.parametrize("name", SIZES)
def test_a_named_size_is_taken_whatever_the_time(name: str) -> None:
    """--size overrides the choice by time, and everything else still suits the text."""
    assert size_of(settings_for({"model": {"size": name}})) == SIZES[name]


# ---- what it chooses


def test_more_time_never_makes_a_smaller_network() -> None:
    """From ten seconds to ten hours the network only grows, from the smallest size to the largest."""
    names = list(SIZES.values())
    steps = [names.index(size_of(settings_for({"train": {"max_time": 10.0 * 2**k}}))) for k in range(13)]
    assert steps == sorted(steps)
    assert (steps[0], steps[-1]) == (0, len(names) - 1)


def test_a_network_does_not_outgrow_its_text() -> None:
    """In an hour, too, a short text gets a small network: it has at most eight parameters for a character."""
    layer = {"train": {"max_time": "1h"}}
    lengths = [10_000, 50_000, 100_000, 200_000]
    units = [settings_for(layer, num_chars=length).model.hidden_size for length in lengths]
    assert units == [128, 256, 384, 512]


def test_given_units_have_the_rate_of_their_size() -> None:
    """A network whose units are given does not learn at the rate of a larger one that there is time for."""
    rates = []
    for units in (16, 128, 200, 300, 600):
        layer = {"model": {"hidden_size": units}, "train": {"max_time": "1h"}}
        rates.append(settings_for(layer, "model.hidden_size", num_chars=10**9).optim.learning_rate)
    assert rates == pytest.approx([0.012, 0.012, 0.012, 0.008, 0.008])


def test_a_faster_machine_is_as_good_as_more_time() -> None:
    """What counts is the number of products in the time."""
    fast = settings_for({"train": {"max_time": "2m"}}, speed=8 * SPEED)
    assert size_of(fast) == size_of(settings_for({"train": {"max_time": "16m"}}))


def test_noise_of_a_measurement_changes_nothing() -> None:
    """A speed that is a quarter higher or lower gives the same sizes for two minutes on a megabyte."""
    assert len({settings_for(speed=share * SPEED).model for share in (0.8, 1.0, 1.25)}) == 1


def test_the_more_often_a_text_is_read_the_more_is_dropped() -> None:
    """Dropout falls with the length of the text, from 0.4 to nothing."""
    layer = {"model": {"size": "medium"}}
    lengths = [50_000 * 2**k for k in range(10)]
    dropouts = [settings_for(layer, num_chars=length).model.dropout for length in lengths]
    assert dropouts == sorted(dropouts, reverse=True)
    assert (dropouts[0], dropouts[-1]) == (0.4, 0.0)


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("gru", [0.042, 0.03, 0.024, 0.012]),
        ("lstm", [0.042, 0.03, 0.024, 0.012]),
        ("rnn", [0.006, 0.006, 0.006, 0.006]),
    ],
)
def test_a_network_with_gates_learns_faster_from_a_text_that_it_reads_often(
    name: str, rates: list[float]
) -> None:
    """The noise of large steps keeps it from learning the text by heart; without gates it bears no more."""
    layer = {"model": {"cell": name, "hidden_size": 256, "size": "medium"}}
    texts = [50_000, 500_000, 1_000_000, LONG]
    found = [settings_for(layer, "model.cell", num_chars=length).optim.learning_rate for length in texts]
    assert found == pytest.approx(rates)


@pytest.mark.parametrize(
    ("name", "share"),
    [("gru", RESTRAINTS[0].plain_scale), ("lstm", RESTRAINTS[0].plain_scale), ("rnn", UNGATED_SHARE)],
)
def test_a_cell_without_gates_learns_at_half_the_rate(name: str, share: float) -> None:
    """Its gradients vary more from one window to the next; a cell that is named is not normalised."""
    layer = {"model": {"cell": name, "size": "medium"}}
    rate = settings_for(layer, "model.cell", num_chars=LONG).optim.learning_rate
    assert rate == pytest.approx(share * SIZES["medium"].learning_rate)
    assert pytest.approx(RESTRAINTS[0].plain_scale / 2) == UNGATED_SHARE


@pytest.mark.parametrize(
    ("layer", "given", "num_chars", "is_normalised", "rate"),
    [
        ({"size": "medium"}, ["model.size"], LONG, True, 0.03),
        ({"size": "medium"}, ["model.size"], 1_000_000, True, 0.03),
        ({"size": "small"}, ["model.size"], 1_000_000, False, 0.024),
        ({"cell": "lstm"}, ["model.cell"], LONG, False, 0.008),
        ({"kind": "mlp", "size": "medium"}, ["model.kind"], LONG, False, 0.006),
    ],
)
def test_a_network_that_was_not_named_is_normalised(
    layer: dict[str, Any], given: list[str], num_chars: int, is_normalised: bool, rate: float
) -> None:
    """Who names a cell sees its plain equations; nor is one normalised that reads its text often."""
    chosen = settings_for({"model": layer}, *given, num_chars=num_chars)
    assert chosen.model.rms_norm is is_normalised
    assert chosen.optim.learning_rate == pytest.approx(rate)


def test_few_units_are_not_dropped() -> None:
    """A network that is smaller than any size of the ladder learns little by heart."""
    assert settings_for({"model": {"hidden_size": 16}}, "model.hidden_size").model.dropout == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model.hidden_size", 200),
        ("model.num_layers", 3),
        ("model.dropout", 0.25),
        ("optim.learning_rate", 1e-3),
        ("optim.optimizer", "sgd"),
        ("optim.weight_decay", 0.5),
        ("train.batch_size", 7),
    ],
)
def test_a_given_setting_is_kept(name: str, value: float | str) -> None:
    """Each setting of the recipe can be given, and the others are chosen."""
    section, key = name.split(".")
    settings = settings_for(
        {section: {key: value}, "train": {"max_time": "2h"} | ({key: value} if section == "train" else {})},
        name,
        num_chars=800_000,
    )
    assert getattr(getattr(settings, section), key) == value
    size = SIZES["medium" if key == "hidden_size" else "xl"]
    rate = RESTRAINTS[-1].plain_scale * size.learning_rate
    others = {"model.hidden_size": 512, "train.batch_size": 16, "optim.learning_rate": rate}
    for other, expected in others.items():
        if other != name:
            part, word = other.split(".")
            assert getattr(getattr(settings, part), word) == pytest.approx(expected)


def test_a_given_default_is_kept_too() -> None:
    """A setting that was given counts as given, also if its value is the default."""
    assert settings_for({"train": {"max_time": "1h"}}, "model.hidden_size").model.hidden_size == 256


def test_the_choice_is_fixed() -> None:
    """The chosen settings choose themselves again: a run that is repeated with them is the same run."""
    assert settings_for().model.size == "fixed"


def test_the_choice_is_said_in_one_line() -> None:
    """The line has all that was chosen, the reason, and the way to choose nothing."""
    made = chosen(num_chars=50_000)
    assert made is not None
    assert "\n" not in made.reason
    for part in (
        "1 x 256",
        "dropout 0.4",
        "decay 0.1",
        "nadamw at rate 0.042",
        "16 x 64",
        "50,000 characters in 2m",
        'the size "fixed"',
    ):
        assert part in made.reason


@pytest.mark.parametrize(
    ("num_chars", "readings"), [(10_000_000, "0.86"), (1_000_000, "8.6"), (1_000, "8,553")]
)
def test_the_number_of_readings_is_written_out(num_chars: int, readings: str) -> None:
    """No power of ten is shown, however often the text is read."""
    made = chosen({"model": {"size": "medium"}}, num_chars=num_chars)
    assert made is not None
    assert f" {readings} readings of {num_chars:,} characters" in made.reason


# ---- n-grams


def order_of(layer: dict[str, Any] | None = None, *given: str, **facts: Any) -> int:
    return settings_for(layer, *given, **facts).train.with_ngram


@pytest.mark.parametrize(
    ("num_chars", "max_time", "order"),
    [
        (10_000, "10s", 8),
        (10**6, "2m", 8),
        (5 * 10**6, "2m", 7),
        (10**7, "2m", 0),
        (10**7, "1h", 8),
        (10**6, "10s", 0),
    ],
)
def test_n_grams_are_mixed_in_if_there_is_time_to_count_them(
    num_chars: int, max_time: str, order: int
) -> None:
    """As long ones as can be counted in an eighth of the time, from four characters to eight."""
    assert order_of({"train": {"max_time": max_time}}, num_chars=num_chars) == order


def test_who_names_a_network_gets_it_alone() -> None:
    """A cell, a size in numbers, or n-grams as given: no others are mixed in; a size by name is no name."""
    assert order_of({}, "model.cell") == order_of({}, "model.hidden_size") == 0
    assert order_of({"train": {"with_ngram": 3}}, "train.with_ngram") == 3
    assert order_of({"train": {"with_ngram": 0}}, "train.with_ngram") == 0
    assert order_of({"model": {"size": "small"}}, "model.size") == 8


def test_targets_are_left_to_the_network() -> None:
    """An n-gram does not see the source of a target."""
    assert order_of({"data": {"unit": "line", "target_after": "="}}) == 0
    assert order_of({"data": {"unit": "line", "loss_on": "last"}}) == 0
    assert order_of({"data": {"unit": "line"}}) == 8


def test_little_validation_text_is_no_ground_for_a_mixture() -> None:
    """Weights fitted on less than a thousand characters could be anything."""
    assert [order_of(num_valid=num) for num in (0, 999, 1000)] == [0, 0, 8]


def test_the_line_tells_of_the_n_grams() -> None:
    made = chosen()
    assert made is not None
    assert ", mixed with n-grams of up to 8 characters (" in made.reason
