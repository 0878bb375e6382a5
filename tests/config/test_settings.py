"""The settings: their bounds, their layers, their errors of one line, and the file that holds them."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from charseq.config import (
    ModelConfig,
    Settings,
    TrainConfig,
    choices_of,
    format_duration,
    parse_duration,
    suggest,
)
from charseq.errors import ConfigError
from charseq.registry import CELLS, LOSSES, MODELS, OPTIMIZERS, SOURCES, TARGETS, TOKENIZERS, Registry
from tests.defaults import DEFAULT, FIELDS, help_of, message_of

# What there is


REGISTRIES = {
    "data.tokenizer": TOKENIZERS,
    "data.loss_on": TARGETS,
    "model.kind": MODELS,
    "model.cell": CELLS,
    "optim.optimizer": OPTIMIZERS,
    "train.loss": LOSSES,
    "train.gradient": SOURCES,
}


@pytest.mark.parametrize(("name", "registry"), REGISTRIES.items(), ids=REGISTRIES)
def test_a_setting_offers_and_accepts_what_is_registered(
    name: str, registry: Registry[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The choices are the registered names in their order, one that is added later among them."""
    section, key = name.split(".")
    field = type(getattr(DEFAULT, section)).model_fields[key]
    assert choices_of(field) == list(registry)
    with pytest.raises(ConfigError):
        DEFAULT.with_layer({section: {key: "another"}}, "x")
    monkeypatch.setitem(registry, "another", object())
    assert choices_of(field) == [*registry]
    assert choices_of(field)[-1] == "another"
    assert getattr(getattr(DEFAULT.with_layer({section: {key: "another"}}, "x"), section), key) == "another"


def test_every_setting_has_help() -> None:
    """Every setting is described in one line that ends as a sentence."""
    helps = {name: help_of(*name) or "" for name in FIELDS}
    assert not {name for name, text in helps.items() if not text.endswith(".") or "\n" in text}


def test_settings_are_frozen() -> None:
    """Settings do not change behind anyone's back."""
    with pytest.raises(ValidationError):
        DEFAULT.model.hidden_size = 3  # type: ignore[misc]


# Errors

MESSAGES: list[tuple[dict[Any, Any], str]] = [
    (
        {"model": {"cell": "lst"}},
        "model.cell must be one of gru, lstm, rnn; got 'lst' (did you mean 'lstm'?)",
    ),
    ({"model": {"cell": "transformer"}}, "model.cell must be one of gru, lstm, rnn; got 'transformer'"),
    (
        {"data": {"separator": "x" * 61}},
        f"data.separator must be at most 60 characters long; got {'x' * 61!r}",
    ),
    ({"model": {"cell": 3}}, "model.cell must be one of gru, lstm, rnn; got 3"),
    (
        {"optim": {"schedule": "co"}},
        "optim.schedule must be one of constant, cosine, exponential, plateau; got 'co' "
        "(did you mean 'cosine'?)",
    ),
    (
        {"data": {"unit": "lines"}},
        "data.unit must be one of stream, line, document; got 'lines' (did you mean 'line'?)",
    ),
    (
        {"optim": {"optimizer": "Adam"}},
        "optim.optimizer must be one of adam, adamw, nadamw, rmsprop, sgd; got 'Adam' (did you mean 'adam'?)",
    ),
    (
        {"optim": {"schedule": "cosin"}},
        "optim.schedule must be one of constant, cosine, exponential, plateau; got 'cosin' "
        "(did you mean 'cosine'?)",
    ),
    (
        {"model": {"hiden_size": 3}},
        "unknown setting model.hiden_size (did you mean 'hidden_size'?); "
        "known: kind, cell, size, hidden_size, num_layers, embedding_size, dropout, rms_norm, order",
    ),
    (
        {"model": {"lr": 3}},
        "unknown setting model.lr; "
        "known: kind, cell, size, hidden_size, num_layers, embedding_size, dropout, rms_norm, order",
    ),
    ({"modl": {}}, "unknown section modl (did you mean 'model'?); known: data, model, optim, train, sample"),
    ({"x": 3}, "unknown section x; known: data, model, optim, train, sample"),
    ({"model": 3}, "model must be a table; got 3"),
    ({"model": {"hidden_size": 0}}, "model.hidden_size must be at least 1; got 0"),
    ({"train": {"threads": -1}}, "train.threads must be at least 0; got -1"),
    ({"train": {"threads": 257}}, "train.threads must be at most 256; got 257"),
    ({"model": {"hidden_size": 70000}}, "model.hidden_size must be at most 65536; got 70000"),
    ({"model": {"hidden_size": 1.5}}, "model.hidden_size must be a whole number; got 1.5"),
    ({"model": {"hidden_size": "8"}}, "model.hidden_size must be a whole number; got '8'"),
    ({"model": {"hidden_size": True}}, "model.hidden_size must be a whole number; got True"),
    ({"model": {"dropout": 1}}, "model.dropout must be less than 1; got 1"),
    ({"model": {"dropout": "a lot"}}, "model.dropout must be a number; got 'a lot'"),
    ({"optim": {"learning_rate": 0}}, "optim.learning_rate must be more than 0; got 0"),
    ({"optim": {"learning_rate": math.nan}}, "optim.learning_rate must be a finite number; got nan"),
    ({"optim": {"learning_rate": math.inf}}, "optim.learning_rate must be a finite number; got inf"),
    ({"optim": {"beta1": -0.1}}, "optim.beta1 must be at least 0; got -0.1"),
    ({"sample": {"top_p": 1.01}}, "sample.top_p must be at most 1; got 1.01"),
    ({"sample": {"seed": -2}}, "sample.seed must be at least -1; got -2"),
    ({"data": {"corpus": []}}, "data.corpus must be not empty; got ()"),
    ({"data": {"corpus": 3}}, "data.corpus must be a string or a list of strings; got 3"),
    ({"data": {"corpus": ["a", 3]}}, "data.corpus.1 must be a string; got 3"),
    ({"data": {"valid": 3}}, "data.valid must be a string; got 3"),
    (
        {"train": {"max_time": "soon"}},
        "train.max_time must be a duration such as 90s, 10m or 1h30m; got 'soon'",
    ),
    ({"train": {"max_time": -1}}, "train.max_time must be at least 0; got -1"),
    ({"train": {"max_time": 1e10}}, "train.max_time must be at most 1e+09; got 10000000000.0"),
    ({"train": {"max_time": [1]}}, "train.max_time must be a number; got [1]"),
]


@pytest.mark.parametrize(("layer", "message"), MESSAGES, ids=[str(layer) for layer, _ in MESSAGES])
def test_a_wrong_setting_is_answered_by_source_name_and_what_it_may_be(
    layer: dict[str, Any], message: str
) -> None:
    """A wrong setting is answered by its source, its name, what it may be, and the nearest spelling."""
    assert message_of(layer) == f"charseq.toml: {message}"


def test_an_error_names_its_source() -> None:
    """The layer that holds the mistake is named, whatever it is."""
    assert message_of({"model": {"cell": 3}}, "--cell").startswith("--cell: model.cell must be ")


def test_of_several_mistakes_one_is_reported() -> None:
    """Of several mistakes one is reported, in one line."""
    assert message_of({"model": {"cell": "x", "hidden_size": 0}, "y": {}}).count("must be") == 1


@given(value=st.one_of(st.text().filter(lambda text: text not in CELLS), st.integers(), st.lists(st.text())))
def test_any_wrong_value_is_answered_in_one_line(value: object) -> None:
    """Whatever stands where a cell's name belongs, the answer is one line."""
    message = message_of({"model": {"cell": value}})
    assert message.startswith("charseq.toml: model.cell must be one of gru, lstm, rnn; got ")
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize(
    ("word", "answer"), [("lst", " (did you mean 'lstm'?)"), ("gruu", " (did you mean 'gru'?)"), ("xyz", "")]
)
def test_the_nearest_word_is_suggested(word: str, answer: str) -> None:
    """The nearest word is suggested, and nothing where none is near."""
    assert suggest(word, ["gru", "lstm", "rnn"]) == answer


# Layers


def test_a_layer_changes_the_settings_it_names_alone() -> None:
    """A layer changes the settings it names and leaves the others."""
    changed = DEFAULT.with_layer({"model": {"cell": "gru"}, "train": {"seed": 7}}, "x")
    assert changed.model == ModelConfig(cell="gru")
    assert changed.train == TrainConfig(seed=7)
    assert (changed.data, changed.optim, changed.sample) == (DEFAULT.data, DEFAULT.optim, DEFAULT.sample)


def test_of_two_layers_the_later_one_counts() -> None:
    """Of two layers the later one counts, setting by setting."""
    layers: list[tuple[dict[str, dict[str, Any]], str]] = [
        ({"model": {"cell": "gru", "hidden_size": 8}}, "charseq.toml"),
        ({"model": {"cell": "rnn"}}, "--cell"),
    ]
    assert DEFAULT.with_layers(layers).model == ModelConfig(cell="rnn", hidden_size=8)


def test_without_layers_the_defaults_are_in_force() -> None:
    """Without layers the defaults are in force."""
    assert DEFAULT.with_layers([]) == DEFAULT.with_layer({}, "x") == DEFAULT


def test_a_layer_makes_new_settings() -> None:
    """Laying a layer makes new settings."""
    before = Settings()
    before.with_layer({"model": {"cell": "gru"}}, "x")
    assert before == DEFAULT


@pytest.mark.parametrize("value", ["a.txt", ["a.txt"], ("a.txt",)])
def test_a_corpus_is_one_source_or_many(value: object) -> None:
    """A corpus is one source or a list of them."""
    assert DEFAULT.with_layer({"data": {"corpus": value}}, "x").data.corpus == ("a.txt",)


def test_a_whole_number_serves_as_a_number() -> None:
    """A whole number serves as a number."""
    assert DEFAULT.with_layer({"sample": {"temperature": 1}}, "x").sample.temperature == 1.0


# Durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("0.5", 0.5),
        ("1.25s", 1.25),
        ("1.23456s", 1.235),
        ("0s", 0),
        ("10m", 600),
        ("1h30m", 5400),
        ("2d", 172_800),
        ("1d1h1m1s", 90_061),
        (" 10m ", 600),
        ("1.5h", 5400),
        ("0.5m", 30),
        ("0.25d", 21_600),
        ("1.5h0.5m", 5430),
        ("0.5d1.5h2.5m0.125s", 48_750.125),
        ("1.0m", 60),
        ("0.00001h", 0.036),
    ],
)
def test_a_duration_adds_up_days_hours_minutes_and_seconds(text: str, seconds: float) -> None:
    """Days, hours, minutes and seconds, whole or not, are added up; a number alone is seconds."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "soon",
        "-1s",
        "1w",
        "30m1h",
        "1h 30m",
        "1.h",
        ".5h",
        "1,5h",
        "1.5.5h",
        "1e3h",
        "s",
        "1e3",
        "1m1m",
        "nan",
    ],
)
def test_what_is_no_duration_is_answered_with_examples(text: str) -> None:
    """What is not a duration is answered with examples of some."""
    with pytest.raises(ValueError, match=r"^must be a duration such as 90s, 10m or 1h30m$"):
        parse_duration(text)


@pytest.mark.parametrize("value", [3, 2.5, None, [1]])
def test_what_is_no_string_is_left_to_the_type_of_the_setting(value: object) -> None:
    """What is no string is left to the type of the setting."""
    assert parse_duration(value) == value


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0s"),
        (0.5, "0.5s"),
        (30.0, "30s"),
        (60.0, "1m"),
        (61.25, "1m1.25s"),
        (3600.0, "1h"),
        (3601.0, "1h1s"),
        (5400.0, "1h30m"),
        (90_061.0, "25h1m1s"),
        (59.9999, "1m"),
        (3599.9999, "1h"),
    ],
)
def test_a_duration_is_written_without_parts_that_are_zero(seconds: float, text: str) -> None:
    """A duration is written in hours, minutes and seconds, without those that are zero."""
    assert format_duration(seconds) == text


@given(milliseconds=st.integers(0, 10**12))
def test_durations_read_back(milliseconds: int) -> None:
    """What is written of a duration, to the millisecond, reads back as that duration."""
    seconds = milliseconds / 1000
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, rel=1e-12)


@pytest.mark.parametrize(
    "limit",
    [
        0.0004,
        1e-300,
        "0.0004s",
        "0.000001m",
        "0.0000001h",
    ],
)
def test_a_short_limit_does_not_become_none(limit: object) -> None:
    """A limit shorter than a millisecond is a millisecond, since 0 would mean no limit."""
    assert DEFAULT.with_layer({"train": {"max_time": limit}}, "x").train.max_time == 0.001
