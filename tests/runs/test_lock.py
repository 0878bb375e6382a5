"""A directory is one process's: another one waits a moment and is refused, until the first one ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from charseq.errors import CharseqError, ConfigError
from charseq.runs import lock
from charseq.runs.lock import locked

ROOT = Path(__file__).parents[2]
HOLD = """
import sys, time
from pathlib import Path
from charseq.runs.lock import locked
with locked(Path(sys.argv[1])):
    print("taken", flush=True)
    time.sleep(60)
"""


def holder(directory: Path) -> subprocess.Popen[str]:
    """Start a process that holds the directory for a minute."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(directory)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "taken\n"
    return process


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "PATIENCE", 0.2)


def take(directory: Path) -> None:
    with locked(directory):
        pass


def test_another_process_is_refused(tmp_path: Path) -> None:
    """What another process holds cannot be taken."""
    with holder(tmp_path) as process:
        with pytest.raises(ConfigError, match="another process is training in it"):
            take(tmp_path)
        process.kill()


@pytest.mark.parametrize("wish", [signal.SIGKILL, signal.SIGTERM])
def test_the_lock_ends_with_its_process(tmp_path: Path, wish: signal.Signals) -> None:
    """A process that was killed leaves no lock behind."""
    with holder(tmp_path) as process:
        process.send_signal(wish)
        process.wait()
        take(tmp_path)


def test_a_dying_process_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes a moment too early gets the directory all the same."""
    monkeypatch.setattr(lock, "PATIENCE", 20)
    with holder(tmp_path) as process:
        if os.fork() == 0:
            time.sleep(0.3)
            os.kill(process.pid, signal.SIGKILL)
            os._exit(0)
        with locked(tmp_path):
            assert process.wait() == -signal.SIGKILL
    os.wait()


def test_it_may_be_taken_again(tmp_path: Path) -> None:
    """What was given back can be taken, also after an error."""
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), locked(tmp_path):
            raise ZeroDivisionError


def test_nothing_is_written(tmp_path: Path) -> None:
    """A lock leaves no file, and takes a directory that cannot be written."""
    tmp_path.chmod(0o500)
    with locked(tmp_path):
        assert list(tmp_path.iterdir()) == []
    tmp_path.chmod(0o700)


def test_a_directory_that_is_gone(tmp_path: Path) -> None:
    """A directory that is not there is an error of one line."""
    with (
        pytest.raises(CharseqError, match="gone: cannot be opened: No such file or directory"),
        locked(tmp_path / "gone"),
    ):
        pytest.fail("taken")


def test_without_locks_nobody_is_kept_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a system without locks, and on a file system without, all may go in."""
    with locked(tmp_path), monkeypatch.context() as patch:
        patch.setattr(lock, "fcntl", None)
        with locked(tmp_path):
            pass

    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(9, "Bad file descriptor")

    with locked(tmp_path):
        monkeypatch.setattr(lock.fcntl, "flock", refuse)
        with locked(tmp_path):
            pass
