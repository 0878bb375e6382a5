"""Two small trained models, and two ways to run a command: in this process and in one of its own."""

import io
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from charseq.cli.app import run
from tests.builders import Outcome, json_rows, meddles
from tests.forks import python

ROOT = Path(__file__).parents[2]
TALES = (ROOT / "data" / "tales.txt").read_bytes().decode()
TINY = ("--hidden-size", "8", "--max-steps", "3", "--threads", "1", "--backend", "numpy")
"""Options of a run that is over at once."""


Call = Callable[..., Outcome]
Feed = Callable[[bytes], None]


class Workshop(NamedTuple):
    """A directory with texts and two runs, named as from within; `hello` is the newer one."""

    path: Path
    hello: str
    tales: str


class StandardInput:
    """What `sys.stdin` is in a pipe, as far as reading bytes goes."""

    def __init__(self, raw: bytes) -> None:
        self.buffer = io.BytesIO(raw)

    def isatty(self) -> bool:
        return False


def surroundings(**changes: str) -> dict[str, str]:
    """Return the environment plus `changes`, without variables that set colours, widths or settings."""
    kept = {key: value for key, value in os.environ.items() if not meddles(key)}
    return kept | {"PYTHONPATH": str(ROOT)} | changes


def shell(
    command: str, path: Path, *, feed: bytes = b"", anew: bool = False, **changes: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a shell command in `path`; `charseq` in it is this interpreter's, with `anew` a new interpreter."""
    words = [sys.executable] if anew else python()
    script = f'charseq() {{ {shlex.join(words)} -m charseq "$@"; }}; {command}'
    return subprocess.run(
        ["sh", "-c", script],
        cwd=path,
        input=feed,
        capture_output=True,
        env=surroundings(**changes),
        timeout=60,
        check=False,
    )


def start(*arguments: str, path: Path) -> subprocess.Popen[str]:
    """Start charseq in `path`, its two streams in pipes."""
    return subprocess.Popen(
        [*python(), "-m", "charseq", *arguments],
        cwd=path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=surroundings(),
        text=True,
        preexec_fn=heed_signals,
    )


def heed_signals() -> None:
    """Let a new process end at Ctrl-C and hang-up; what a shell runs in the background ignores them."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _train(*arguments: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["charseq", *arguments])
        assert run(list(arguments)) == 0, f"charseq {shlex.join(arguments)}"


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Train a line model that is good enough for the cases, and a stream model of a short text."""
    path = tmp_path_factory.mktemp("workshop")
    (path / "data").mkdir()
    for name in ("hello.txt", "hello.yaml"):
        shutil.copy(ROOT / "data" / name, path / "data" / name)
    (path / "data" / "tales.txt").write_bytes(TALES[:8000].encode())
    with pytest.MonkeyPatch.context() as patch:
        for key in filter(meddles, os.environ):
            patch.delenv(key)
        patch.chdir(path)
        common = ("--hidden-size", "32", "--learning-rate", "0.01", "--threads", "1", "--batch-size", "8")
        _train("train", "data/tales.txt", *common, "--max-steps", "120", "-o", "runs/tales")
        _train("train", "data/hello.txt", *common, "--max-steps", "600", "--unit", "line", "-o", "runs/hello")
    return Workshop(path, "runs/hello", "runs/tales")


@pytest.fixture(autouse=True)
def _surroundings(clean_surroundings: None) -> None:
    """Run every command in an empty directory, with an environment that sets nothing."""


@pytest.fixture
def models(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """Stand in the workshop. Nothing is to be written there."""
    monkeypatch.chdir(workshop.path)
    return workshop


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> Feed:
    """Put bytes on the standard input of commands in this process."""

    def feed(raw: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", StandardInput(raw))

    return feed


@pytest.fixture
def tiny_run(call: Call, tmp_path: Path) -> Path:
    """Return the directory of a run of three steps on 2 KB of text, `text.txt` beside it."""
    (tmp_path / "text.txt").write_bytes(TALES[:2000].encode())
    outcome = call("train", "text.txt", *TINY, "-o", "run")
    assert outcome.code == 0, outcome.err
    return Path("run")


SMALL = ("--hidden-size", "16", "--batch-size", "8", "--seq-length", "32", "--learning-rate", "0.02")
"""Options of a small network that soon learns a little."""
SHORT = ("--max-steps", "60", "--threads", "1", "--set", "data.valid=valid.txt", "--quiet")
ADAPTING = {
    "net": (*SMALL, *SHORT),
    "ngram": ("--ngram", "4", "--set", "data.valid=valid.txt"),
    "mixed": (*SMALL, *SHORT, "--with-ngram", "4"),
    "lines": (*SMALL, *SHORT, "--unit", "line"),
}
"""Models with rates for adapting: a network, n-grams, both in one run, and a network of lines."""


@pytest.fixture(scope="session")
def _adapting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("adapting")
    for name, begin, end in (("corpus", 0, 6000), ("valid", 6000, 6600), ("text", 9000, 10500)):
        (path / f"{name}.txt").write_bytes(TALES[begin:end].encode())
    (path / "other.txt").write_bytes(TALES[11000:11600].encode())
    with pytest.MonkeyPatch.context() as patch:
        for key in filter(meddles, os.environ):
            patch.delenv(key)
        patch.chdir(path)
        for name, options in ADAPTING.items():
            _train("train", "corpus.txt", *options, "-o", name)
    return path


@pytest.fixture
def adapting(_adapting: Path, monkeypatch: pytest.MonkeyPatch, _surroundings: None) -> Path:
    """Stand beside the models of ADAPTING and some texts. Nothing is to be written there."""
    monkeypatch.chdir(_adapting)
    return _adapting


@pytest.fixture
def rows(call: Call) -> Callable[..., list[dict[str, Any]]]:
    """Return a function that runs a command which must go well, and returns its rows."""
    return lambda *arguments: json_rows(call, *arguments)
