"""Signals: the first one ends training after its step, with all saved; the second one at once."""

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from charseq.runs.checkpoint import Checkpoint
from tests.builders import Outcome, refusal, validations
from tests.cli.conftest import surroundings
from tests.faults.harness import begun, command, finish, patched


def interrupted_by(wish: signal.Signals, path: Path) -> int:
    """Interrupt a run with a signal, check what it shows, and return the step that it saved."""
    with begun(path) as process:
        process.send_signal(wish)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 128 + wish
    assert err.splitlines()[-1] == "interrupted; to go on: charseq train --resume run"
    assert ("the learning rate falls" in err) == (wish == signal.SIGINT)
    checkpoint = Checkpoint.load(path / "run" / "last.safetensors")
    assert checkpoint.training is not None
    return checkpoint.results.step


@pytest.mark.parametrize("wish", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_saves_and_says_how_to_go_on(wish: signal.Signals, tmp_path: Path) -> None:
    """The exit code is 128 and the signal's number, and the last line what to type."""
    assert interrupted_by(wish, tmp_path) > 0


def test_what_ctrl_c_says_to_type_goes_on(tmp_path: Path) -> None:
    """The command in the last line continues the run after the step that was saved."""
    step = interrupted_by(signal.SIGINT, tmp_path)
    finish(command("train", "--resume", "run", "--max-steps", f"{step + 5}", "--max-time", "0"), tmp_path)
    assert Checkpoint.load(tmp_path / "run" / "last.safetensors").results.step == step + 5


def test_ctrl_c_brings_a_run_to_its_end_in_a_few_steps(tmp_path: Path) -> None:
    """The rate falls, the model is validated once more, and stdout stays empty."""
    with begun(tmp_path) as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert not out
    lines = err.splitlines()
    said = next(line for line in lines if line.startswith("interrupted: "))
    assert re.fullmatch(
        r"interrupted: the learning rate falls to its end in [\d,]+ steps, about \d+s "
        r"\(Ctrl-C again ends at once\)",
        said,
    )
    num_steps = int(said.split(" steps")[0].rpartition(" ")[2].replace(",", ""))
    saved = Checkpoint.load(tmp_path / "run" / "last.safetensors").results.step
    assert f"stopped at step {saved + num_steps}: interrupted" in lines
    assert validations(tmp_path / "run")[-1]["step"] == saved + num_steps


def test_two_signals_end_a_run_at_once(tmp_path: Path) -> None:
    """A second signal does not wait for the step; the last good files are there, and it says how to go on."""
    with begun(tmp_path) as process:
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.001)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert err.endswith("interrupted; to go on: charseq train --resume run\n")
    assert Checkpoint.load(tmp_path / "run" / "last.safetensors").training is not None


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, "subprocess.Popen[str]"]]:
    """Start a run that was told to ignore hang-ups; return where, and its process."""
    path = tmp_path_factory.mktemp("running")
    with begun(path, wrapper=("nohup",)) as process:
        yield path, process
        process.kill()
        process.communicate(timeout=30)


def test_nohup_keeps_a_run_going_at_a_hang_up(running: tuple[Path, "subprocess.Popen[str]"]) -> None:
    """A run that was told to ignore hang-ups goes on."""
    _, process = running
    process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert process.poll() is None


def test_a_directory_in_use_is_refused_to_another_process(
    running: tuple[Path, "subprocess.Popen[str]"],
) -> None:
    """A second process in the directory of a run ends with one line, and the first goes on."""
    path, process = running
    done = subprocess.run(
        patched("charseq.runs.lock.PATIENCE = 0.1", "train", "--resume", "run"),
        cwd=path,
        env=surroundings(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    outcome = Outcome(done.returncode, done.stdout, done.stderr.splitlines(keepends=True)[-1])
    assert outcome == refusal("run: another process is training in it")
    assert process.poll() is None


def test_a_run_whose_reader_goes_away_saves_and_ends_quietly(tmp_path: Path) -> None:
    """When nobody reads stderr any more, training saves and ends quietly."""
    with begun(tmp_path, assignment="charseq.cli.progress.LINE_SECONDS = 0.01") as process:
        assert process.stderr is not None
        process.stderr.close()
        assert process.wait(60) == 0
    assert Checkpoint.load(tmp_path / "run" / "last.safetensors").results.step > 0
