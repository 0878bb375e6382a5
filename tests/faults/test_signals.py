"""Signals: the first one ends training after its step, with all saved; the second one at once."""

import signal
import subprocess
import time
from pathlib import Path

import pytest

from charseq.runs.checkpoint import Checkpoint
from tests.cli.conftest import surroundings
from tests.faults.harness import begun, command, finish


@pytest.mark.parametrize("wish", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_saves_and_says_how_to_go_on(wish: signal.Signals, tmp_path: Path) -> None:
    """The exit code is 128 and the signal's number, the last line what to type, and that works."""
    with begun(tmp_path) as process:
        process.send_signal(wish)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 128 + wish
    assert err.splitlines()[-1] == "interrupted; to go on: charseq train --resume run"
    step = Checkpoint.load(tmp_path / "run" / "last.safetensors").results.step
    finish(command("train", "--resume", "run", "--max-steps", f"{step + 5}", "--max-time", "0"), tmp_path)


def test_two_signals_end_it_at_once(tmp_path: Path) -> None:
    """Who is impatient is not waited for; the last good files are there."""
    with begun(tmp_path) as process:
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.001)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert Checkpoint.load(tmp_path / "run" / "last.safetensors").training is not None


def test_nohup(tmp_path: Path) -> None:
    """A run that was told to ignore hang-ups goes on."""
    with begun(tmp_path, wrapper=("nohup",)) as process:
        process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 143


def test_a_run_in_use(tmp_path: Path) -> None:
    """A directory in which a process trains is refused to another one."""
    with begun(tmp_path) as process:
        done = subprocess.run(
            command("train", "--resume", "run"),
            cwd=tmp_path,
            env=surroundings(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        process.kill()
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "charseq: error: run: another process is training in it"


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    """When nobody reads stderr any more, training saves and ends quietly."""
    with begun(tmp_path) as process:
        assert process.stderr is not None
        process.stderr.close()
        assert process.wait(60) == 0
    assert Checkpoint.load(tmp_path / "run" / "last.safetensors").results.step > 0
