"""The command line as a whole: its exit codes, and errors as one line on stderr."""

import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charseq.backend.watch import watch
from charseq.cli import console
from charseq.errors import CharseqError, CheckpointError, ConfigError, DataError, DivergedError
from charseq.scoring.cores import num_threads
from charseq.version import __version__
from tests.builders import refusal
from tests.cli.conftest import TINY, Call, Outcome, surroundings
from tests.forks import python

COMMANDS = ("train", "sample", "evaluate", "next", "info")


def test_version(call: Call) -> None:
    """The version is one line on stdout."""
    assert call("--version") == Outcome(0, f"charseq {__version__}\n", "")


def test_that_numba_compiles_is_a_note(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    """In the style of all others, on stderr; the watch says it, see tests/backend/test_watch.py."""
    call("--help")
    assert watch.say is not None
    watch.say("numba compiles")
    assert capsys.readouterr() == ("", "charseq: numba compiles\n")


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help(call: Call, option: str) -> None:
    """The help names every command, on stdout."""
    code, out, err = call(option)
    assert (code, err) == (0, "")
    assert all(f" {name} " in out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command(call: Call, name: str) -> None:
    """The help of a command shows how it is used, and examples."""
    code, out, err = call(name, "--help")
    assert (code, err) == (0, "")
    assert f"Usage: charseq {name}" in out
    assert "Examples" in out
    assert f"$ charseq {name}" in out or f"| charseq {name}" in out


def test_no_command(call: Call) -> None:
    """Without a command there is the help, and the exit code of a bad request; no error line beside it."""
    code, out, err = call()
    assert code == 2
    assert "Usage: charseq" in out + err
    assert "error" not in out + err


def test_unknown_command(call: Call) -> None:
    """A command that does not exist is refused."""
    assert call("dance") == refusal("No such command 'dance'; see charseq --help")


def test_unknown_command_with_a_neighbour(call: Call) -> None:
    """A misspelt command is refused with the nearest one."""
    assert call("trian") == refusal("No such command 'trian' (did you mean 'train'?); see charseq --help")


@pytest.mark.parametrize("name", COMMANDS)
def test_unknown_option(call: Call, name: str) -> None:
    """An option that does not exist is refused by every command."""
    assert call(name, "--qqq") == refusal(f"No such option: --qqq; see charseq {name} --help")


def test_unknown_option_with_neighbours(call: Call) -> None:
    """A misspelt option is refused with the nearest ones."""
    code, out, err = call("train", "--hiden-size", "3")
    assert (code, out) == (2, "")
    assert err.startswith("charseq: error: No such option: --hiden-size ")
    assert "--hidden-size" in err
    assert err.count("\n") == 1


def test_option_without_its_value(call: Call) -> None:
    """An option that ends the line too early is refused."""
    assert call("sample", "--length") == refusal(
        "Option '--length' requires an argument; see charseq sample --help"
    )


def test_one_argument_too_many(call: Call) -> None:
    """A command that takes one model refuses a second argument."""
    code, out, err = call("info", "a", "b")
    assert (code, out) == (2, "")
    assert "unexpected extra argument" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CharseqError("it: failed"), 1),
        (DataError("it: failed"), 1),
        (CheckpointError("it: failed"), 1),
        (DivergedError("it: failed"), 1),
        (ConfigError("it: failed"), 2),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_an_error_is_a_line_and_a_code(
    call: Call, monkeypatch: pytest.MonkeyPatch, error: CharseqError, code: int
) -> None:
    """Whatever of the tree of errors a command raises becomes one line on stderr and its exit code."""
    monkeypatch.setattr(console, "load_model", raiser(error))
    assert call("info") == Outcome(code, "", "charseq: error: it: failed\n")


def test_an_interrupt_is_130(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in any command ends it with 130, without a result and without a traceback."""
    monkeypatch.setattr(console, "load_model", raiser(KeyboardInterrupt()))
    code, out, err = call("info")
    assert (code, out) == (130, "")
    assert err in ("", "charseq: error: interrupted\n")


def test_a_bug_is_not_hidden(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error outside the tree is a bug, and is not turned into a line."""
    monkeypatch.setattr(console, "load_model", raiser(ZeroDivisionError("oops")))
    with pytest.raises(ZeroDivisionError, match="oops"):
        call("info")


@pytest.mark.parametrize(
    "error",
    ["FileNotFoundError(2, 'No such file or directory', 'gone.bin')", "ZeroDivisionError('gone.bin')"],
)
def test_a_bug_shows_where_it_is(tmp_path: Path, error: str) -> None:
    """A file that the code itself cannot do without is a bug, too: the traceback is shown, with its name."""
    script = (
        "from charseq.__main__ import main\nfrom charseq.cli import console\n"
        f"def load_model(argument): raise {error}\n"
        "console.load_model = load_model\n"
        "main()\n"
    )
    done = subprocess.run(
        [*python(), "-c", script, "info"],
        cwd=tmp_path,
        capture_output=True,
        env=surroundings(),
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" in done.stderr
    assert "load_model" in done.stderr
    assert "gone.bin" in done.stderr
    assert "charseq: error: " not in done.stderr


def test_too_little_memory(call: Call, tmp_path: Path) -> None:
    """What does not fit into memory is an error of one line that says what to make smaller."""
    (tmp_path / "text.txt").write_text("hello hello\n" * 20)

    def allocate(*arguments: object, **options: object) -> None:
        raise MemoryError("Unable to allocate 96.0 GiB for an array")

    for name in ("zeros", "empty"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(np, name, allocate)
            outcome = call("train", "text.txt", *TINY, "-o", "run")
        message = "not enough memory: try a smaller hidden_size, batch_size or seq_length"
        assert outcome == Outcome(1, "", f"charseq: error: {message}\n")
        assert not Path("run").exists()


@pytest.mark.parametrize("arguments", [("sample",), ("evaluate",), ("next", "hell"), ("info",)])
def test_no_model_at_all(call: Call, arguments: tuple[str, ...]) -> None:
    """A command that needs a model says how to come by one."""
    assert call(*arguments) == refusal("no model given, and none under runs/: train one with charseq train")


@pytest.mark.parametrize("arguments", [("sample",), ("evaluate",), ("next",), ("info",)])
@pytest.mark.parametrize("name", ["runs/none", "x.safetensors", "none/x.safetensors"])
def test_no_such_model(call: Call, arguments: tuple[str, ...], name: str) -> None:
    """What can only be meant as a model, a file of its kind or in a folder that is there, is refused."""
    Path("runs").mkdir()
    assert call(*arguments, name) == refusal(
        f"{name}: no such model; give a run directory or a .safetensors file"
    )


def test_a_command_leaves_all_cores_to_scoring(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one thread that a command gives to libraries is no limit on the jobs that are dealt to cores."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("charseq.scoring.cores.num_cores", lambda: 7)
    assert call("--version").code == 0
    assert num_threads() == 7


def test_one_thread_unless_the_user_says_otherwise(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads of the numeric libraries are set before these are loaded, but never against the user."""
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "3")
    call("--version")
    assert (os.environ["OPENBLAS_NUM_THREADS"], os.environ["MKL_NUM_THREADS"]) == ("1", "3")


def raiser(error: BaseException) -> Any:
    """Return a function that raises `error` whatever its arguments are."""

    def function(*arguments: object) -> None:
        raise error

    return function
