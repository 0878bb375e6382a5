"""Settings from four sources: which one wins, and what each says about a value that is wrong."""

from pathlib import Path

import pytest
import typer

from charseq.cli.commands import app
from charseq.cli.options import as_options
from charseq.config import Settings
from charseq.config.toml import load_toml
from tests.builders import refusal
from tests.cli.conftest import TINY, Call, Workshop

CELL = "model.cell must be one of gru, lstm, rnn; got 'lst' (did you mean 'lstm'?)"
SELL = (
    "unknown setting model.sell (did you mean 'cell'?); "
    "known: kind, cell, size, hidden_size, num_layers, embedding_size, dropout, rms_norm, order"
)
MODLE = "unknown section modle (did you mean 'model'?); known: data, model, optim, train, sample"
OF_TRAIN = {"data": {"corpus"}, "model": set(), "optim": set(), "train": set()}
OF_SAMPLE: dict[str, set[str]] = {"sample": set()}


@pytest.mark.parametrize(("name", "sections"), [("train", OF_TRAIN), ("sample", OF_SAMPLE)])
def test_every_setting_is_an_option(name: str, sections: dict[str, set[str]]) -> None:
    """Every key of the sections that a command uses is an option of the same name."""
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    options = {option for parameter in command.params for option in parameter.opts}
    for section, left_out in sections.items():
        for key in type(getattr(Settings(), section)).model_fields.keys() - left_out:
            assert f"--{key.replace('_', '-')}" in options


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--cell", "lst", CELL),
        (
            "--optimizer",
            "adan",
            "optim.optimizer must be one of adam, adamw, nadamw, rmsprop, sgd; got 'adan' "
            "(did you mean 'adam'?)",
        ),
        ("--hidden-size", "0", "model.hidden_size must be at least 1; got 0"),
        ("--hidden-size", "65537", "model.hidden_size must be at most 65536; got 65537"),
        ("--hidden-size", "2.5", "model.hidden_size must be a whole number; got '2.5'"),
        ("--hidden-size", "many", "model.hidden_size must be a whole number; got 'many'"),
        ("--dropout", "1", "model.dropout must be less than 1; got 1.0"),
        ("--learning-rate", "0", "optim.learning_rate must be more than 0; got 0.0"),
        ("--learning-rate", "nan", "optim.learning_rate must be a finite number; got nan"),
        ("--learning-rate", "true", "optim.learning_rate must be a number; got 'true'"),
        ("--unit", "word", "data.unit must be one of stream, line, document; got 'word'"),
        (
            "--max-time",
            "soon",
            "train.max_time must be a duration such as 90s, 10m or 1h30m; got 'soon'",
        ),
        ("--max-time", "-1", "train.max_time must be at least 0; got -1.0"),
        (
            "--max-time",
            "m",
            "train.max_time must be a duration such as 90s, 10m or 1h30m; got 'm'",
        ),
    ],
)
def test_a_wrong_option_of_train_names_option_setting_and_what_is_allowed(
    call: Call, option: str, value: str, message: str
) -> None:
    """A wrong value names the option, the setting, and what is allowed."""
    assert call("train", "text.txt", option, value) == refusal(f"{option}: {message}")


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--length", "x", "sample.length must be a whole number; got 'x'"),
        ("--length", "-1", "sample.length must be at least 0; got -1"),
        ("--temperature", "-0.5", "sample.temperature must be at least 0; got -0.5"),
        ("--top-p", "0", "sample.top_p must be more than 0; got 0.0"),
        ("--top-p", "1.5", "sample.top_p must be at most 1; got 1.5"),
        ("--num-samples", "0", "sample.num_samples must be at least 1; got 0"),
    ],
)
def test_a_wrong_option_of_sample_is_refused_before_a_model_is_looked_for(
    call: Call, option: str, value: str, message: str
) -> None:
    """A wrong value is refused before a model is looked for."""
    assert call("sample", option, value) == refusal(f"{option}: {message}")


def test_an_empty_value_is_a_value(call: Call, tmp_path: Path) -> None:
    """An option with an empty value is refused or obeyed as any other, never taken for not given."""
    message = "--length: sample.length must be a whole number; got ''"
    assert call("sample", "--length", "") == refusal(message)
    (tmp_path / "charseq.toml").write_text('[data]\nvalid = "none.txt"\n')
    (tmp_path / "text.txt").write_text("hello hello\n" * 20)
    assert call("train", "text.txt", *TINY, "--valid", "", "-o", "run").code == 0


@pytest.mark.parametrize(
    ("options", "plain"),
    [
        (("--temperature", ".8"), ("--temperature", "0.8")),
        (("--temperature", "1"), ("--temperature", "1.0")),
        (("-n", "05"), ("-n", "5")),
        (("--set", "sample.top_p=.5", "--set", "sample.top_k=007"), ("--top-p", "0.5", "--top-k", "7")),
    ],
)
def test_numbers_may_be_written_as_people_write_them(
    call: Call, models: Workshop, options: tuple[str, ...], plain: tuple[str, ...]
) -> None:
    """A number needs neither a digit before its point nor a first digit that counts."""
    common = ("sample", models.tales, "--seed", "1", "--length", "40")
    outcome = call(*common, *options)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome == call(*common, *plain)


@pytest.mark.parametrize(("value", "seconds"), [("1.5h", 5400), (".5", 0.5)])
def test_a_duration_may_have_a_fraction(call: Call, tmp_path: Path, value: str, seconds: float) -> None:
    """A duration may have a fraction of any unit."""
    (tmp_path / "text.txt").write_text("hello hello\n" * 20)
    assert call("train", "text.txt", *TINY, "--max-time", value, "-o", "run").code == 0
    made = Settings().with_layer(load_toml(Path("run/charseq.toml")), "run")
    assert made.train.max_time == seconds


def test_an_error_of_a_short_option_names_the_long_one(call: Call) -> None:
    """What is said about a short option names the long one."""
    assert call("sample", "-n", "0") == refusal("--num-samples: sample.num_samples must be at least 1; got 0")


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("model.cell=lst", CELL),
        ("model.sell=gru", SELL),
        ("modle.cell=gru", MODLE),
        ("train.batch_size=0", "train.batch_size must be at least 1; got 0"),
        ("train.max_time=", "train.max_time must be a duration such as 90s, 10m or 1h30m; got ''"),
        ("data.corpus=[]", "data.corpus must be not empty; got ()"),
        ("model.cell", "must read section.key=value"),
        ("cell=gru", "must read section.key=value"),
    ],
)
def test_a_wrong_assignment_names_itself_and_what_is_allowed(
    call: Call, assignment: str, message: str
) -> None:
    """A wrong --set names itself, the setting, what is allowed and the nearest spelling."""
    assert call("train", "--set", assignment) == refusal(f"--set {assignment}: {message}")


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ('[model]\ncell = "lst"\n', CELL),
        ('[model]\nsell = "gru"\n', SELL),
        ('[modle]\ncell = "gru"\n', MODLE),
        ("model = 3\n", "model must be a table; got 3"),
        ("[data]\ncorpus = []\n", "data.corpus must be not empty; got ()"),
        ('[model]\nhidden_size = "32"\n', "model.hidden_size must be a whole number; got '32'"),
    ],
)
def test_a_wrong_settings_file_is_named(call: Call, tmp_path: Path, toml: str, message: str) -> None:
    """A wrong ./charseq.toml is named, and so is a file that --config names."""
    (tmp_path / "charseq.toml").write_text(toml)
    assert call("train") == refusal(f"charseq.toml: {message}")
    (tmp_path / "charseq.toml").rename(tmp_path / "mine.toml")
    assert call("train", "--config", "mine.toml") == refusal(f"mine.toml: {message}")


def test_a_settings_file_that_is_no_toml_is_refused_with_the_place(call: Call, tmp_path: Path) -> None:
    """A file that is no TOML is refused with the place of the fault."""
    (tmp_path / "charseq.toml").write_text("[model\n")
    code, out, err = call("sample")
    assert (code, out) == (2, "")
    assert err.startswith("charseq: error: charseq.toml: not valid TOML: ")
    assert "line 1" in err
    assert err.count("\n") == 1


def test_a_settings_file_that_is_not_there_is_refused(call: Call) -> None:
    """A file that --config names must exist."""
    message = "mine.toml: cannot be read: No such file or directory"
    assert call("train", "--config", "mine.toml") == refusal(message)


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("CHARSEQ_MODEL_CELL", "lst", CELL),
        ("CHARSEQ_MODEL_SELL", "gru", SELL),
        ("CHARSEQ_MODLE_CELL", "gru", MODLE),
        ("CHARSEQ_MODEL_HIDDEN_SIZE", "-3", "model.hidden_size must be at least 1; got -3"),
        ("CHARSEQ_SAMPLE_TOP_P", "2", "sample.top_p must be at most 1; got 2.0"),
    ],
)
def test_a_wrong_variable_of_the_environment_is_named(
    call: Call, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    """A wrong variable is refused by its name, as the same setting would be elsewhere."""
    monkeypatch.setenv(variable, value)
    assert call("train") == refusal(f"environment {variable}: {message}")


def test_sample_refuses_a_wrong_setting_of_any_source(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other command with settings reads the same sources, a setting that it does not use among them."""
    assert call("sample", "--set", "model.cell=lst") == refusal(f"--set model.cell=lst: {CELL}")
    monkeypatch.setenv("CHARSEQ_MODEL_CELL", "lst")
    assert call("sample") == refusal(f"environment CHARSEQ_MODEL_CELL: {CELL}")
    (tmp_path / "charseq.toml").write_text('[model]\ncell = "lst"\n')
    assert call("sample") == refusal(f"charseq.toml: {CELL}")
    (tmp_path / "charseq.toml").rename(tmp_path / "mine.toml")
    assert call("sample", "--config", "mine.toml") == refusal(f"mine.toml: {CELL}")


def test_each_source_of_settings_overrules_the_one_before(
    call: Call, workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Default < charseq.toml < environment < --set < option: each source is overruled by the next."""
    model = str(workshop.path / workshop.tales)

    def has_length(wanted: int, *arguments: str) -> bool:
        code, out, err = call("sample", model, *arguments)
        assert (code, err) == (0, "")
        return wanted <= len(out) <= wanted + 1  # a newline ends the text, if it does not end with one

    assert has_length(500)
    (tmp_path / "charseq.toml").write_text("[sample]\nlength = 41\n")
    assert has_length(41)
    monkeypatch.setenv("CHARSEQ_SAMPLE_LENGTH", "32")
    assert has_length(32)
    assert has_length(23, "--set", "sample.length=23")
    assert has_length(14, "--length", "14", "--set", "sample.length=23")


def test_a_run_records_what_all_sources_say_together(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What four sources say together is what the run's own charseq.toml records."""
    (tmp_path / "text.txt").write_text("hello hello\n" * 20)
    (tmp_path / "charseq.toml").write_text(
        '[model]\ncell = "gru"\nnum_layers = 2\nembedding_size = 3\n[train]\nseed = 5\n'
    )
    monkeypatch.setenv("CHARSEQ_MODEL_NUM_LAYERS", "1")
    monkeypatch.setenv("CHARSEQ_TRAIN_MAX_TIME", "1m30s")
    outcome = call("train", "text.txt", *TINY, "--embedding-size", "4", "-o", "run")
    assert outcome.code == 0, outcome.err
    made = Settings().with_layer(load_toml(Path("run/charseq.toml")), "run")
    assert (made.model.cell, made.model.num_layers, made.model.embedding_size) == ("gru", 1, 4)
    assert (made.train.seed, made.train.max_time, made.train.max_steps) == (5, 90, 3)
    assert made.data.corpus == ("text.txt",)
    assert made.optim == Settings().optim


def test_with_config_the_file_that_is_there_is_not_read(call: Call, models: Workshop, tmp_path: Path) -> None:
    """With --config the ./charseq.toml is not read at all."""
    (tmp_path / "charseq.toml").write_text("broken")
    (tmp_path / "mine.toml").write_text("[sample]\nlength = 7\nseed = 1\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        model = str(models.path / models.tales)
        assert call("sample", model).code == 2
        code, out, err = call("sample", model, "--config", "mine.toml")
    assert (code, err) == (0, "")
    assert 7 <= len(out) <= 8


@pytest.mark.parametrize(
    "arguments",
    [
        ("evaluate", "data/hello.txt"),
        ("evaluate", "--each", "line"),
        ("next", "hell"),
        ("sample",),
        ("info",),
    ],
)
def test_a_second_model_is_refused(call: Call, models: Workshop, arguments: tuple[str, ...]) -> None:
    """A command that takes one model does not choose the last of two."""
    message = "runs/tales: the model is given by -m already: leave out one of the two"
    assert call(*arguments, "-m", models.hello, "--model", models.tales) == refusal(message)


def test_inspect_refuses_a_second_model_unless_it_shows_several(call: Call, models: Workshop) -> None:
    """Gates are those of one model."""
    code, out, err = call("inspect", "-m", models.hello, "-m", models.tales, "--gates", "data/hello.txt")
    assert (code, out) == (2, "")
    assert "only --gradient-flow and --truncation look at several models: name one" in err


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("train it with data.unit=stream", "train it with --unit stream"),
        ("optim.freeze=layers leaves nothing to learn", "--freeze layers leaves nothing to learn"),
        ("data.split=text8: try data.split=tail", "--split text8: try --split tail"),
        ("--set data.corpus=[]: data.corpus must be not empty", None),
        ("--cell: model.cell must be one of gru, lstm, rnn", None),
    ],
)
def test_a_setting_with_its_value_is_shown_as_its_option(sentence: str, shown: str | None) -> None:
    """As it is to be typed; what was typed itself stays."""
    assert as_options(sentence) == (shown or sentence)
