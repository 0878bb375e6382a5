"""Settings as text: assignments, the environment, and a TOML file that reads back."""

import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.cells import CELLS
from charseq.config import (
    DataConfig,
    ModelConfig,
    OptimConfig,
    SampleConfig,
    Settings,
    TrainConfig,
    Unit,
    choices_of,
)
from charseq.config.toml import layer_from_assignment, layer_from_environment, load_toml, to_toml
from charseq.errors import ConfigError
from tests.defaults import DEFAULT, FIELDS, help_of, message_of


@pytest.mark.parametrize(
    ("assignment", "layer"),
    [
        ("model.cell=gru", {"model": {"cell": "gru"}}),
        ("model.hidden_size=8", {"model": {"hidden_size": 8}}),
        ("model.hidden_size = 8", {"model": {"hidden_size": 8}}),
        (" model.hidden_size=8", {"model": {"hidden_size": 8}}),
        ("optim.learning_rate=1e-3", {"optim": {"learning_rate": 1e-3}}),
        ("data.valid=a=b.txt", {"data": {"valid": "a=b.txt"}}),
        ("data.valid=", {"data": {"valid": ""}}),
        ("data.valid=007", {"data": {"valid": "007"}}),
        ("data.corpus=1984", {"data": {"corpus": "1984"}}),
        ("train.max_time=90", {"train": {"max_time": 90.0}}),
        ("train.max_time=10m", {"train": {"max_time": "10m"}}),
        ("train.max_time=1.5h", {"train": {"max_time": "1.5h"}}),
        ("train.max_time=.5", {"train": {"max_time": 0.5}}),
        ("model.hidden_size=eight", {"model": {"hidden_size": "eight"}}),
        ("model.hidden_size=05", {"model": {"hidden_size": 5}}),
        ("model.hidden_size=+5", {"model": {"hidden_size": 5}}),
        ("model.hidden_size=1_000", {"model": {"hidden_size": 1000}}),
        ("model.hidden_size=0x10", {"model": {"hidden_size": "0x10"}}),
        ("model.hidden_size=1.0", {"model": {"hidden_size": "1.0"}}),
        ("model.hidden_size=1e3", {"model": {"hidden_size": "1e3"}}),
        ("model.hidden_size=true", {"model": {"hidden_size": "true"}}),
        ("model.hidden_size=", {"model": {"hidden_size": ""}}),
        ("model.dropout=.8", {"model": {"dropout": 0.8}}),
        ("model.dropout=1.", {"model": {"dropout": 1.0}}),
        ("model.dropout=0", {"model": {"dropout": 0.0}}),
        ("model.dropout=00.5", {"model": {"dropout": 0.5}}),
        ("model.dropout=0x1", {"model": {"dropout": "0x1"}}),
        ("model.dropout=a lot", {"model": {"dropout": "a lot"}}),
        ("sample.seed=-1", {"sample": {"seed": -1}}),
        ("data.corpus=['a.txt', \"b.txt\"]", {"data": {"corpus": ["a.txt", "b.txt"]}}),
        ("data.corpus=['a.txt',]", {"data": {"corpus": ["a.txt"]}}),
        ("data.corpus=[]", {"data": {"corpus": []}}),
        ("data.corpus=[a].txt", {"data": {"corpus": "[a].txt"}}),
        ("data.corpus=[a, b]", {"data": {"corpus": "[a, b]"}}),
        ("data.corpus='a.txt'", {"data": {"corpus": "'a.txt'"}}),
        ("data.valid=[draft].txt", {"data": {"valid": "[draft].txt"}}),
        ("model.cell='gru'", {"model": {"cell": "'gru'"}}),
        ("nowhere.nothing=3", {"nowhere": {"nothing": "3"}}),
    ],
)
def test_an_assignment_is_read_as_the_type_of_its_setting(assignment: str, layer: dict[str, Any]) -> None:
    """--set takes section.key=value: a number where one belongs, a TOML list in brackets, else a text."""
    (section,) = layer
    ((key, value),) = layer[section].items()
    found = layer_from_assignment(assignment)
    assert found == layer
    assert type(found[section][key]) is type(value)


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("model.hidden_size=0x10", "model.hidden_size must be a whole number; got '0x10'"),
        ("model.hidden_size=1.0", "model.hidden_size must be a whole number; got '1.0'"),
        ("model.dropout=", "model.dropout must be a number; got ''"),
        ("optim.learning_rate=nan", "optim.learning_rate must be a finite number; got nan"),
        ("optim.learning_rate=inf", "optim.learning_rate must be a finite number; got inf"),
        ("train.max_time=nan", "train.max_time must be a finite number; got nan"),
        ("train.max_time=inf", "train.max_time must be a finite number; got inf"),
        ("train.max_time=.5h", "train.max_time must be a duration such as 90s, 10m or 1h30m; got '.5h'"),
        ("data.corpus=[]", "data.corpus must be not empty; got ()"),
        ("data.corpus=[1]", "data.corpus.0 must be a string; got 1"),
    ],
)
def test_an_assignment_of_a_wrong_value_is_answered_with_it(assignment: str, message: str) -> None:
    """What is no number, or not the right one, is answered with what was typed."""
    assert message_of(layer_from_assignment(assignment), "--set") == f"--set: {message}"


@pytest.mark.parametrize("assignment", ["model.cell", "model=gru", "=", "", "gru"])
def test_what_is_no_assignment_is_answered_with_its_form(assignment: str) -> None:
    """--set without a section, a key and an equals sign is answered with the form it must have."""
    with pytest.raises(ConfigError) as caught:
        layer_from_assignment(assignment)
    assert str(caught.value) == f"{assignment}: must read section.key=value"


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 5000], ids=["digits", "brackets"])
def test_an_assignment_that_no_toml_reader_takes_is_refused(value: str) -> None:
    """A value that no TOML reader takes is a wrong setting, not a traceback."""
    with pytest.raises(ConfigError):
        DEFAULT.with_layer(layer_from_assignment(f"model.hidden_size={value}"), "--set")


def test_variables_of_the_environment_set_the_settings_they_name() -> None:
    """CHARSEQ_SECTION_KEY sets section.key; other variables are left alone."""
    environment = {
        "CHARSEQ_MODEL_CELL": "gru",
        "CHARSEQ_MODEL_HIDDEN_SIZE": "8",
        "CHARSEQ_TRAIN_MAX_TIME": "10m",
        "CHARSEQ_DATA_CORPUS": "a.txt",
        "CHARSEQ_SAMPLE_TEMPERATURE": ".8",
        "CHARSEQ_SAMPLE_SEED": "05",
        "PATH": "/bin",
        "charseq_train_seed": "3",
        "MY_CHARSEQ_TRAIN_SEED": "3",
    }
    assert layer_from_environment(environment) == {
        "model": {"cell": "gru", "hidden_size": 8},
        "train": {"max_time": "10m"},
        "data": {"corpus": "a.txt"},
        "sample": {"temperature": 0.8, "seed": 5},
    }


def test_the_cache_directory_is_no_setting() -> None:
    """The variable that names the cache's directory is left alone; others of the kind are not."""
    environment = {"CHARSEQ_CACHE_DIR": "/tmp", "CHARSEQ_CACHE_DIRS": "/tmp"}
    assert layer_from_environment(environment) == {"cache": {"dirs": "/tmp"}}


def test_an_environment_without_settings_is_an_empty_layer() -> None:
    """An environment without settings is an empty layer."""
    assert layer_from_environment({"HOME": "/root"}) == {}


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        (
            "CHARSEQ_MODEL_CEL",
            "environment: unknown setting model.cel (did you mean 'cell'?); "
            "known: kind, cell, size, hidden_size, num_layers, embedding_size, dropout, rms_norm, order",
        ),
        ("CHARSEQ_FOO_BAR", "environment: unknown section foo; known: data, model, optim, train, sample"),
    ],
)
def test_a_variable_that_names_no_setting_is_refused(variable: str, message: str) -> None:
    """A variable that names no setting is answered like any other mistake."""
    assert message_of(layer_from_environment({variable: "gru"}), "environment") == message


# The file


def save(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_sections_and_keys_of_a_file_are_a_layer(tmp_path: Path) -> None:
    """A file's sections and keys are a layer."""
    path = save(tmp_path / "charseq.toml", '[model]\ncell = "gru"\n[train]\nmax_time = "10m"\n')
    assert load_toml(path) == {"model": {"cell": "gru"}, "train": {"max_time": "10m"}}


def test_a_settings_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    """A file that is not there is an error that says so."""
    with pytest.raises(ConfigError) as caught:
        load_toml(tmp_path / "x.toml")
    assert str(caught.value) == f"{tmp_path / 'x.toml'}: cannot be read: No such file or directory"


@pytest.mark.parametrize(
    "text",
    ["[model", "cell = ", "a = 1\na = 2", b"a = '\xff'", "a = " + "[" * 5000, "a = " + "9" * 5000],
    ids=["table", "value", "twice", "bytes", "brackets", "digits"],
)
def test_a_settings_file_that_is_damaged_is_refused_in_one_line(tmp_path: Path, text: str | bytes) -> None:
    """What is not TOML is an error of one line that names the file."""
    path = save(tmp_path / "x.toml", text)
    with pytest.raises(ConfigError) as caught:
        load_toml(path)
    assert str(caught.value).startswith(f"{path}: not valid TOML: ")
    assert len(str(caught.value).splitlines()) == 1


def finite(low: float, high: float, **bounds: bool) -> st.SearchStrategy[float]:
    return st.floats(low, high, **bounds)  # type: ignore[arg-type]


strings = st.text(st.characters(exclude_categories=["Cs"]))
durations = st.integers(0, 10**7).map(lambda eighths: eighths / 8)
any_settings = st.builds(
    Settings,
    data=st.builds(
        DataConfig,
        corpus=st.lists(strings.filter(bool), min_size=1).map(tuple),
        valid=strings,
        valid_fraction=finite(0, 1, exclude_max=True),
        unit=st.sampled_from(get_args(Unit)),
    ),
    model=st.builds(ModelConfig, cell=st.sampled_from(sorted(CELLS)), hidden_size=st.integers(1, 65536)),
    optim=st.fixed_dictionaries(
        {
            "learning_rate": finite(0, 1e300, exclude_min=True),
            "schedule": st.sampled_from(choices_of(OptimConfig.model_fields["schedule"])),
        }
    ),
    train=st.builds(TrainConfig, max_time=durations, save_every=durations, seed=st.integers(0, 2**70)),
    sample=st.builds(SampleConfig, seed=st.integers(-1, 2**64), top_p=finite(0, 1, exclude_min=True)),
)


@settings(deadline=None)
@given(chosen=any_settings)
def test_written_settings_read_back(chosen: Settings) -> None:
    """Any settings are the same after being written and read."""
    assert DEFAULT.with_layer(tomllib.loads(to_toml(chosen)), "x") == chosen


@pytest.mark.parametrize("seconds", [1e-9, 0.0004, 75.954, 59.9999, 1e9])
def test_odd_durations_read_back(seconds: float) -> None:
    """The shortest limit does not turn into none, nor the longest into an error."""
    chosen = DEFAULT.with_layer({"train": {"max_time": seconds}}, "x")
    assert DEFAULT.with_layer(tomllib.loads(to_toml(chosen)), "x") == chosen


ODD = [
    '"', "'", '"""', "\\", "\\n", "\n", "\r\n", "\t", "\0", "\x1b[31m", "\x7f", "\x85", "\u2028", "\ufeff",
    "\u00ad", "#", "a = 1", "😀", "👨\u200d👩\u200d👧", "é", "e\u0301", "\U0010ffff", "\ue000", "한글", " ",
]  # fmt: skip


@pytest.mark.parametrize("text", ODD, ids=[ascii(text) for text in ODD])
def test_odd_strings_read_back(text: str) -> None:
    """Quotes, backslashes, controls and characters from anywhere survive the file."""
    chosen = DEFAULT.with_layer({"data": {"corpus": [text, "b", text], "valid": text}}, "x")
    assert DEFAULT.with_layer(tomllib.loads(to_toml(chosen)), "x") == chosen


@pytest.mark.parametrize("text", ["\n", "\r", "\x85", "\u2028", "\x0c"])
def test_a_written_value_stays_on_its_line(text: str) -> None:
    """No character of a value breaks the line it stands in."""
    chosen = DEFAULT.with_layer({"data": {"valid": f"a{text}b"}}, "x")
    assert len(to_toml(chosen).splitlines()) == len(to_toml(DEFAULT).splitlines())


def test_every_written_setting_has_its_help_above_it() -> None:
    """Above each setting stands its help, and its choices where it has some."""
    lines, without = to_toml(DEFAULT).splitlines(), []
    for section, key in FIELDS:
        begin = lines.index(f"[{section}]")
        place = next(k for k in range(begin, len(lines)) if lines[k].startswith(f"{key} = "))
        if not lines[place - 1].startswith(f"# {help_of(section, key)}"):
            without.append(f"{section}.{key}")
    assert without == []


def test_written_choices_are_listed() -> None:
    """A setting with a choice lists what there is."""
    assert '# Recurrent cell. One of gru, lstm, rnn.\ncell = "gru"\n' in to_toml(DEFAULT)


def test_durations_are_written_with_their_units() -> None:
    """A duration is written as one would type it."""
    chosen = DEFAULT.with_layer({"train": {"max_time": "90m"}}, "x")
    assert '\nmax_time = "1h30m"\n' in to_toml(chosen)


@pytest.mark.parametrize(
    ("text", "strings"),
    [("the ", "the "), (r"a\nb\\", "a\nb\\"), ('["a", "b\\n"]', ["a", "b\n"])],
)
def test_strings_with_escapes_are_one_or_a_list(text: str, strings: str | list[str]) -> None:
    """An assignment has one string with the escapes of a shell, or a list of TOML with its own."""
    assert layer_from_assignment(f"sample.forbid={text}") == {"sample": {"forbid": strings}}
    tuple_of = tuple(strings) if isinstance(strings, list) else (strings,)
    assert Settings().with_layer({"sample": {"forbid": strings}}, "x").sample.forbid == tuple_of
