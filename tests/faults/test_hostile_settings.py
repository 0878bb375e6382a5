"""Settings, cases, prompts and paths from anywhere: sound, or refused in one line that names them."""

import json
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from charseq.cli.app import run
from charseq.config import Settings
from charseq.config.toml import to_toml
from tests.builders import Outcome, refused
from tests.faults import fuzz

PATIENCE = 20
"""Seconds after which a command hangs."""
MAX_LINE_CHARS = fuzz.MAX_MESSAGE_CHARS + 100
MODEL = "m.safetensors"
SECTIONS = sorted(Settings.model_fields)
KEYS = sorted({key for _, section in Settings() for key, _ in section})
LINES = [line for line in to_toml(Settings()).splitlines() if " = " in line]
VALUES = [line.partition(" = ")[2] for line in LINES]
PLACES = [f"{section}.{key}" for section, values in Settings() for key, _ in values]


class HangError(BaseException):
    """A command took too long; nothing catches this."""


def call(*arguments: str) -> Outcome:
    """Run a command in this process, for a limited time. Not a fixture, so that an example is a call."""

    def give_up(signum: int, frame: object) -> None:
        raise HangError(arguments)

    shown = BytesIO(), BytesIO()
    out, err = (TextIOWrapper(raw, "utf-8") for raw in shown)
    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(PATIENCE)
    try:
        with (
            redirect_stdout(out),
            redirect_stderr(err),
            mock.patch.object(sys, "argv", ["charseq", *arguments]),
        ):
            code = run(list(arguments))
            out.flush()
            err.flush()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    return Outcome(code, *(raw.getvalue().decode("utf-8", "surrogateescape") for raw in shown))


def refused_briefly(outcome: Outcome, *parts: str) -> None:
    """Check that an outcome is an error of one short line without controls, with these parts."""
    refused(outcome, *parts)
    assert len(outcome.err) < MAX_LINE_CHARS


def answered(outcome: Outcome) -> None:
    """Check that a command did what it was asked, and showed nothing that a terminal would obey."""
    assert outcome.code == 0, outcome.err
    assert not {char for char in outcome.out + outcome.err if not char.isprintable()} - {"\n"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder of one's own with a model and a text, and without settings from outside."""
    for key in [key for key in os.environ if key.startswith("CHARSEQ_") or key in ("FORCE_COLOR", "COLUMNS")]:
        monkeypatch.delenv(key)
    monkeypatch.chdir(tmp_path)
    (tmp_path / MODEL).write_bytes(fuzz.originals()[2].content)
    (tmp_path / "text.txt").write_text(fuzz.TEXT)
    return tmp_path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder to write in."""
    return tmp_path_factory.mktemp("place")


# ---- files of settings

CONTROLS = [
    "\x1b[2J",
    "\x00",
    "\x07",
    "\x9b",
    "\u202e",
    "\u2028",
    "\n",
    "\r",
    "\t",
    "\ud800",
    "\udcff",
    "\x85",
]
any_text = st.text(st.characters(), max_size=12) | st.sampled_from(CONTROLS)
arguments = st.one_of(
    st.binary(max_size=12).map(os.fsdecode),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from([text for text in CONTROLS if text != "\ud800"]),
)
literals = st.sampled_from(
    [
        *("nan", "-inf", "1e400", "9" * 400, "-" + "9" * 400, "0x" + "f" * 40, "0x" + "f" * 4000, "true"),
        *("2020-01-31", "07:32:00", "2020-01-31T07:32:00Z", "[]", "{}", "{a.b.c = 1}", "[[]]", "''", "auto"),
        *("{" + ".".join("a" * 900) + " = 1}", "[" * 300 + "]" * 300, "'" + "x" * 2000 + "'", "[" * 3000),
    ]
)
toml_values = st.recursive(
    st.one_of(
        literals,
        st.sampled_from(VALUES),
        st.integers().map(str),
        st.floats().map(str),
        any_text.map(json.dumps),
    ),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
    max_leaves=4,
)
names = st.sampled_from([*KEYS, *SECTIONS]) | any_text.map(json.dumps) | st.just("x" * 2000)
toml_lines = st.one_of(
    st.builds("{} = {}".format, st.sampled_from(PLACES), toml_values),
    st.builds("{}.{} = {}".format, names, names, toml_values),
    st.builds("[{}]".format, names),
    st.sampled_from([*LINES, *(f"[{section}]" for section in SECTIONS)]),
)
toml_texts = st.lists(toml_lines, max_size=4).map("\n".join)


@pytest.mark.parametrize("target", ["toml", "set", "cases", "metrics", "corpus", "file", "record"])
@settings(deadline=None, max_examples=15)
@given(data=st.binary(max_size=200))
@example(data=b"{\n")
def test_any_bytes_are_read_or_refused(target: str, data: bytes, place: Path) -> None:
    """Whatever bytes a file or an argument is made of, they are read as they are meant, or refused."""
    fuzz.TARGETS[target](data, place)


@settings(deadline=None, max_examples=40)
@given(text=toml_texts)
def test_any_settings_are_refused_or_read_back(text: str, place: Path) -> None:
    """A file of settings is refused in one line, or its settings are the same when written and read."""
    fuzz.toml(text.encode("utf-8", "surrogatepass"), place)


ODD_SETTINGS = {
    "deep": "model.cell." + ".".join("a" * 900) + " = 1",
    "deeper": ".".join("a" * 100_000) + " = 1",
    "deepest": f"[{'.'.join('a' * 100_000)}]",
    "brackets": "a = " + "[" * 100_000,
    "inline": "model.cell = {" + ".".join("a" * 900) + " = 1}",
    "huge": "model.hidden_size = 0x" + "f" * 4000,
    "huge seed": "train.seed = 0x" + "f" * 4000,
    "huge number": "optim.learning_rate = " + "9" * 400,
    "huge count": "train.num_epochs = " + "9" * 400,
    "long": f"model.cell = '{'x' * 5000}'",
    "long key": f"model.{'x' * 5000} = 1",
    "long keys": f"a = {{'{'x' * 5000}' = 1, '{'x' * 5000}' = 1}}",
    "controls": 'model.cell = "\\u001b[2J\\u202e\\n"',
    "control keys": 'model."\\u001b[2J\\n" = 1',
    "NUL": 'data.corpus = "a\\u0000b"',
    "long name": f"data.corpus = '{'x' * 300}'",
    "date": "train.max_time = 2020-01-31",
}


@pytest.mark.parametrize("text", ODD_SETTINGS.values(), ids=ODD_SETTINGS)
def test_odd_settings_are_refused_at_once(text: str) -> None:
    """Depth, size and controls of a file of settings are answered by the command in one line, at once."""
    Path("runs").mkdir()
    Path("x.toml").write_text(text)
    refused_briefly(call("train", "--config", "x.toml"))


@settings(deadline=None, max_examples=12)
@given(text=toml_texts)
def test_any_settings_of_a_command_are_one_line(text: str) -> None:
    """The command that reads a file of settings ends with one line about it, or about the text it lacks."""
    Path("x.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    refused_briefly(call("train", "missing.txt", "--config", "x.toml"))


# ---- --set and the environment

assignments = st.one_of(
    st.builds("{}={}".format, st.sampled_from(PLACES), toml_values | arguments),
    st.builds("{}.{}={}".format, st.sampled_from(SECTIONS) | arguments, arguments, arguments),
    arguments,
)


@settings(deadline=None, max_examples=40)
@given(text=assignments)
@example(text="\udcff.a=1")
@example(text="model.\udcff=1")
@example(text="data.valid=\udcff")
def test_any_assignment_is_refused_or_sound(text: str, place: Path) -> None:
    """What --set is given is refused in one line that begins with the option, or gives sound settings."""
    fuzz.set_option(os.fsencode(text), place)


@settings(deadline=None, max_examples=12)
@given(text=assignments)
@example(text="x" * 5000)
@example(text="data.corpus=[{" + ".".join("a" * 900) + "=1}]")
@example(text="data.corpus=[0x" + "f" * 4000 + "]")
def test_any_assignment_of_a_command_is_one_line(text: str) -> None:
    """The command ends with one line about --set, or about the text it lacks."""
    refused_briefly(call("train", "missing.txt", "--set", text))


variables = st.one_of(
    st.builds("CHARSEQ_{}_{}".format, *[st.sampled_from([*SECTIONS, *KEYS]).map(str.upper)] * 2),
    arguments.map("CHARSEQ_{}".format),
).filter(lambda name: not {"\0", "="} & set(name))


@settings(deadline=None, max_examples=12)
@given(variable=variables, value=(toml_values | arguments).filter(lambda text: "\0" not in text))
@example(variable="CHARSEQ_", value="1")
@example(variable="CHARSEQ_MODEL_CELL", value="x" * 5000)
@example(variable="CHARSEQ_\udcff_\x1b[2J", value="\udcff")
def test_any_variable_of_the_environment_is_one_line(variable: str, value: str) -> None:
    """A variable that is no setting is answered in one line that names it."""
    with mock.patch.dict(os.environ, {variable: value}):
        outcome = call("train", "missing.txt")
    refused_briefly(outcome)
    assert outcome.err.startswith(("charseq: error: environment CHARSEQ_", "charseq: error: missing.txt: "))


@settings(deadline=None, max_examples=12)
@given(
    options=st.lists(
        st.sampled_from(["train", "sample", "--cell", "--seed", "-n", "-h1"]) | arguments, max_size=3
    )
)
@example(options=["x" * 5000])
@example(options=["train", "--cell", "\udcff\x1b[2J"])
def test_any_command_line_that_is_none_is_one_line(options: list[str]) -> None:
    """Words that are no command line are answered in one line."""
    refused_briefly(call(*options, "--no-such-option"))


# ---- cases

yaml_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=6,
)
cases = st.fixed_dictionaries(
    {},
    optional={
        "prefix": any_text | yaml_values,
        "target": st.characters() | yaml_values,
        "expect": yaml_values
        | st.fixed_dictionaries({}, optional={"rank": yaml_values, "min_probability": yaml_values}),
        "x": yaml_values,
    },
)


@settings(deadline=None, max_examples=40)
@given(found=st.lists(cases | yaml_values, max_size=3) | yaml_values)
def test_any_cases_are_refused_or_can_be_asked(found: Any, place: Path) -> None:
    """Cases with wrong types anywhere are refused in one line that names the file; others can be asked."""
    fuzz.cases(json.dumps(found).encode(), place)


ODD_CASES = {
    "bool": "- !!bool maybe",
    "int": "- !!int ''",
    "float": "- !!float _",
    "timestamp": "- !!timestamp x",
    "binary": "- !!binary '*'",
    "python": "- !!python/name:os.system x",
    "tag": f"- !{'x' * 5000} a",
    "sexagesimal": "- 1" + ":00" * 200 + ".5",
    "huge": "- {prefix: 0x" + "f" * 4000 + ", target: a}",
    "huge rank": "- {prefix: a, target: a, expect: {rank: -0x" + "f" * 4000 + "}}",
    "long key": f"- {{prefix: a, target: a, ? {'x' * 5000} : 1}}",
    "control key": '- {prefix: a, target: a, "a\\nb\\e[2J": 1}',
    "surrogate": '- {prefix: "\\ud800", target: a}',
    "merged": "- &a0 {x: 1}\n"
    + "".join(f"- &a{k} {{<<: [{', '.join([f'*a{k - 1}'] * 9)}]}}\n" for k in range(1, 30)),
    "nested": "- &a0 [x]\n" + "".join(f"- &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]\n" for k in range(1, 30)),
}


@pytest.mark.parametrize("yaml", ODD_CASES.values(), ids=ODD_CASES)
def test_odd_cases_are_refused_at_once(yaml: str) -> None:
    """Types that are not what they say, sizes, and aliases that multiply are one line, at once."""
    Path("c.yaml").write_text(yaml)
    refused_briefly(call("evaluate", MODEL, "--cases", "c.yaml", "--format", "tsv"), "c.yaml: ")


@settings(deadline=None, max_examples=12)
@given(found=st.lists(cases, min_size=1, max_size=3))
def test_any_cases_of_a_command_are_refused_or_answered(found: Any) -> None:
    """The command tells in one line what is wrong with a file of cases, or shows the answers."""
    Path("c.yaml").write_text(json.dumps(found))
    outcome = call("evaluate", MODEL, "--cases", "c.yaml")
    if outcome.err:
        refused_briefly(outcome, "c.yaml: ")
    else:
        answered(outcome._replace(code=0))  # 1 where the model misses a case


# ---- prompts and prefixes

ODD_PREFIXES = {
    "empty": "",
    "unseen": "żółw",
    "combining": "e\u0301" * 40 + "\u0301",
    "right to left": "שלום عالم",
    "emoji": "👨\u200d👩\u200d👧😀",
    "controls": "\x1b[2J\x07\x9b\u202e",
    "not UTF-8": os.fsdecode(b"\xff\xed\xa0\x80"),
    "newlines": "\n\r\n\u2028",
    "long": "hello king " * 300,
    "dashes": "--help",
}


@pytest.mark.parametrize("prefix", ODD_PREFIXES.values(), ids=ODD_PREFIXES)
def test_odd_prefixes_are_continued_and_shown_without_being_obeyed(prefix: str) -> None:
    """Any prefix and any prompt can be continued; what is odd in them is shown, not obeyed."""
    answered(call("next", "--", MODEL, prefix))
    code, out, _ = call("next", "--format", "json", "--", MODEL, prefix)
    assert code == 0
    assert json.loads(out)[0]["prefix"] == prefix
    for number in ("1", "2"):
        options = ("--hide-prompt", "--length", "3", "--seed", "1", "--stop", prefix, "-n", number)
        answered(call("sample", MODEL, f"--prompt={prefix}", *options))


@settings(deadline=None, max_examples=12)
@given(prefix=arguments)
def test_any_prefix_can_be_continued(prefix: str) -> None:
    """A prefix may be any argument that there can be; a prompt too, and it is printed as it is."""
    answered(call("next", "--", MODEL, prefix))
    code, out, err = call("sample", MODEL, f"--prompt={prefix}", "--length", "2", "--seed", "1")
    assert code == 0
    assert out.startswith(prefix.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape"))
    assert err.replace("\n", "").isprintable()


@settings(deadline=None, max_examples=12)
@given(content=st.binary(max_size=20))
@example(content=b"a\xffb")
def test_any_prompt_file_is_utf8_or_refused_with_the_place(content: bytes) -> None:
    """A file with a prompt is UTF-8, or refused with the place where it is not."""
    Path("p.txt").write_bytes(content)
    outcome = call("sample", MODEL, "--prompt-file", "p.txt", "--length", "0", "--hide-prompt")
    try:
        content.decode()
    except UnicodeDecodeError as error:
        refused_briefly(outcome, f"p.txt: not UTF-8 at byte {error.start}")
    else:
        answered(outcome)


def test_numbers_beyond_all_reason_are_refused() -> None:
    """A number beyond all reason is refused, not waited for."""
    for option in ("--num-samples", "--length", "--top-k", "--seed"):
        refused_briefly(call("sample", MODEL, option, "9" * 400), f"{option}: ")


# ---- paths

LONG = "x" * 300
PATHS = {
    "output is a file": ("train", "text.txt", "-o", MODEL),
    "output is below a file": ("train", "text.txt", "-o", f"{MODEL}/run"),
    "output is too long": ("train", "text.txt", "-o", LONG),
    "resume a file": ("train", "--resume", MODEL),
    "resume below a file": ("train", "--resume", f"{MODEL}/run"),
    "resume what is too long": ("train", "--resume", LONG),
    "resume nothing": ("train", "--resume", ""),
    "a text that is too long": ("train", LONG),
    "a text below a file": ("train", "text.txt/text.txt"),
    "a text that loops": ("train", "loop"),
    "a text that loops, packed": ("train", "loop.gz"),
    "score a loop": ("evaluate", MODEL, "loop"),
    "a prompt that loops": ("sample", MODEL, "--prompt-file", "loop"),
    "cases that loop": ("evaluate", MODEL, "--cases", "loop"),
    "settings that loop": ("train", "--config", "loop"),
    "a model that loops": ("info", "loop"),
    "a text that is a socket": ("train", "socket"),
    "score a socket": ("evaluate", MODEL, "socket"),
    "a prompt that is a socket": ("sample", MODEL, "--prompt-file", "socket"),
    "cases that are a socket": ("evaluate", MODEL, "--cases", "socket"),
    "settings that are a socket": ("train", "--config", "socket"),
    "a model that is a socket": ("info", "socket"),
    "cases that are a directory": ("evaluate", MODEL, "--cases", "."),
    "settings that are a directory": ("train", "--config", "."),
    "a page that is a directory": ("evaluate", MODEL, "text.txt", "--html", "."),
    "a page below a file": ("evaluate", MODEL, "text.txt", "--html", f"{MODEL}/x.html"),
    "start from a text": ("train", "text.txt", "--init-from", "text.txt"),
    "a model that is a text": ("info", "text.txt"),
}


@pytest.mark.parametrize("words", PATHS.values(), ids=PATHS)
def test_odd_paths_are_refused_and_left_alone(words: tuple[str, ...]) -> None:
    """What is no file, no directory, or neither of them is one line."""
    Path("runs").mkdir()
    for name in ("loop", "loop.gz"):
        Path(name).symlink_to(name)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        refused_briefly(call(*words))
    assert sorted(path.name for path in Path().iterdir()) == [
        "loop",
        "loop.gz",
        MODEL,
        "runs",
        "socket",
        "text.txt",
    ]
    assert not any(Path("runs").iterdir())


PIPES = {
    "train": ("train", "pipe"),
    "packed": ("train", "pipe.gz"),
    "evaluate": ("evaluate", MODEL, "pipe"),
    "each": ("evaluate", MODEL, "pipe", "--each", "line"),
    "cases": ("evaluate", MODEL, "--cases", "pipe"),
    "settings": ("train", "missing.txt", "--config", "pipe"),
    "prompt": ("sample", MODEL, "--prompt-file", "pipe", "--length", "1"),
}


@pytest.mark.parametrize("words", PIPES.values(), ids=PIPES)
def test_a_pipe_that_is_closed_at_once_ends_what_reads_it(words: tuple[str, ...]) -> None:
    """A FIFO whose writer has nothing to say ends what reads it."""
    name = next(word for word in words if word.startswith("pipe"))
    os.mkfifo(name)
    writer = threading.Thread(target=lambda: Path(name).open("wb").close(), daemon=True)
    writer.start()
    outcome = call(*words)
    writer.join(1)
    if "--prompt-file" in words:
        answered(outcome)
    else:
        refused_briefly(outcome)


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Stand in a folder that everybody may enter; the function goes on as somebody who is not root."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        monkeypatch.chdir(name)
        user = os.geteuid()
        yield lambda: None if user else os.seteuid(65534)
        os.seteuid(user)
        for path in [path for path in Path(name).rglob("*") if path.is_dir()]:
            path.chmod(0o700)


FORBIDDEN = {
    "a file": (0o755, 0o000, ("train", "texts"), "Permission denied"),
    "a file alone": (0o755, 0o000, ("train", "texts/b.txt"), "texts/b.txt: "),
    "not to be entered": (0o444, 0o644, ("train", "texts"), "texts"),
    "not to be read": (0o000, 0o644, ("train", "texts"), "texts"),
    "not to be entered, a model": (0o444, 0o644, ("info", "texts"), "texts"),
    "not to be entered, a run": (0o444, 0o644, ("train", "--resume", "texts"), "texts"),
    "not to be entered, an output": (0o444, 0o644, ("train", "a.txt", "-o", "texts/run"), "texts/run: "),
    "a file of settings": (0o755, 0o000, ("train", "--config", "texts/b.txt"), "texts/b.txt: "),
    "a file of cases": (0o755, 0o000, ("evaluate", "--cases", "texts/b.txt"), "texts/b.txt: "),
}


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="no users here")
@pytest.mark.parametrize(("folder_mode", "file_mode", "words", "part"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_what_may_not_be_read_is_named_in_one_line(
    folder_mode: int, file_mode: int, words: tuple[str, ...], part: str, nobody: Callable[[], None]
) -> None:
    """A file or a directory that this user may not read is one line that names it."""
    call(*words)  # loads what it needs while that may be read
    Path("texts").mkdir()
    Path("a.txt").write_text(fuzz.TEXT)
    for name in ("a.txt", "b.txt"):
        Path("texts", name).write_text(fuzz.TEXT)
    Path("texts/b.txt").chmod(file_mode)
    Path("texts").chmod(folder_mode)
    nobody()
    refused_briefly(call(*words), part)
