"""Training under mpiexec: one command, one output, one message, one end for all ranks."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from charseq.cli.ranks import launched, run_as_rank
from charseq.runs.checkpoint import Checkpoint
from tests.builders import Outcome
from tests.cli.conftest import TALES, Call, Workshop
from tests.ranks.builders import MPIEXEC, ended, mpiexec, needs_mpi

TRAIN = (
    *("-m", "charseq", "train", "text.txt", "--size", "fixed", "--hidden-size", "8", "--batch-size", "5"),
    *("--seq-length", "16", "--backend", "numpy", "--quiet", "-o", "run"),
)
SHORT, ENDLESS = ("--max-steps", "30"), ("--max-time", "1h", "--save-every", "0.05s")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a directory with a text."""
    (tmp_path / "text.txt").write_text(TALES[:4000])
    return tmp_path


def begun(process: "subprocess.Popen[str]", place: Path) -> None:
    """Wait until a run has saved some steps."""
    end, path = time.monotonic() + 30, place / "run/last.safetensors"
    while not (path.exists() and Checkpoint.load(path).results.step):
        assert time.monotonic() < end, process.poll()
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, None),
        ({"PMI_RANK": "0", "PMI_SIZE": "1"}, None),
        ({"PMI_RANK": "2", "PMI_SIZE": "3"}, (2, 3)),
        ({"OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "4"}, (0, 4)),
        ({"PMI_RANK": "0"}, None),
        ({"PMI_RANK": "", "PMI_SIZE": "x"}, None),
    ],
)
def test_a_process_knows_that_it_is_one_of_several(
    environment: dict[str, str], found: tuple[int, int] | None
) -> None:
    """The launchers of MPI say so in the environment; an ordinary process never loads MPI."""
    assert launched(environment) == found


def test_commands_for_one_process_are_for_rank_0() -> None:
    """Another rank has nothing to do, and does not even begin."""
    run = pytest.fail
    assert run_as_rank((1, 2), ["info", "run"], run) == 0  # type: ignore[arg-type]
    assert run_as_rank((0, 2), ["info", "run"], lambda arguments: len(arguments)) == 2


def test_rounds_in_one_process_are_refused(call: Call, place: Path) -> None:
    """--sync-every is about ranks."""
    assert call("train", f"{place}/text.txt", "--sync-every", "5", "-o", f"{place}/run") == Outcome(
        2, "", "charseq: error: train.sync_every = 5 is for several ranks: start them with mpiexec -n N\n"
    )


@needs_mpi
def test_ranks_are_one_command(call: Call, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three ranks show what one process shows, and leave the files of three threads."""
    monkeypatch.chdir(place)
    code, out, err = ended(mpiexec(3, *TRAIN, *SHORT, path=place))
    assert code == 0, err
    assert "charseq: 3 ranks, each with a part of the streams: gradients are added at every step\n" in err
    assert out.count("best validation") == 1
    assert call(*TRAIN[2:-1], "threads", *SHORT, "--threads", "3").code == 0
    ours, theirs = (load_file(place / name / "last.safetensors") for name in ("run", "threads"))
    assert ours.keys() == theirs.keys()
    assert all((ours[key] == theirs[key]).all() for key in ours)


@needs_mpi
@pytest.mark.skipif(not hasattr(signal, "SIGKILL") or not Path("/proc").is_dir(), reason="needs /proc")
def test_a_killed_rank_ends_all_and_the_last_save_stays(place: Path) -> None:
    """Within ten seconds no rank is left, and the run can be resumed."""
    process = mpiexec(2, *TRAIN, *ENDLESS, "--sync-every", "5", path=place)
    begun(process, place)
    os.kill(pid_of_rank(1, place), signal.SIGKILL)
    killed = time.monotonic()
    code, _, _ = ended(process)
    assert time.monotonic() - killed < 10
    assert code != 0
    assert pids_in(place) == {}
    checkpoint = Checkpoint.load(place / "run/last.safetensors")
    assert checkpoint.training is not None
    assert "training.rank.1.optimizer.mean" in checkpoint.training.arrays


def pids_in(place: Path) -> dict[int, int]:
    """Return the processes that are ranks and run in a directory, by rank."""
    found = {}
    for process in Path("/proc").iterdir():
        try:
            variables = (process / "environ").read_bytes().split(b"\0")
            if (process / "cwd").readlink() == place.resolve():
                rank = next(
                    one for one in variables if one.startswith((b"PMI_RANK=", b"OMPI_COMM_WORLD_RANK="))
                )
                found[int(rank.partition(b"=")[2])] = int(process.name)
        except (OSError, ValueError, StopIteration):  # it is no process, has ended, or is no rank
            continue
    return found


def pid_of_rank(rank: int, place: Path) -> int:
    """Return the process of a rank."""
    return pids_in(place)[rank]


@needs_mpi
def test_a_signal_to_mpiexec_ends_all_with_everything_saved(place: Path) -> None:
    """Rank 0 saves and says how to go on, once; the exit code is that of the signal."""
    process = mpiexec(2, *TRAIN, *ENDLESS, path=place)
    begun(process, place)
    process.send_signal(signal.SIGTERM)
    code, _, err = ended(process)
    assert code == 143
    assert err.count("interrupted; to go on: charseq train --resume run") == 1


@needs_mpi
def test_ranks_score_lines_together(
    call: Call, workshop: Workshop, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are those of one process, to the last digit, and come once."""
    monkeypatch.chdir(place)
    model = f"{workshop.path}/{workshop.tales}"
    words = ("evaluate", "-m", model, "text.txt", "--each", "line", "--reset", "line", "-f", "jsonl")
    alone = call(*words)
    assert len(alone.out.splitlines()) == (place / "text.txt").read_text().count("\n") + 1
    assert ended(mpiexec(2, "-m", "charseq", *words, path=place)) == (0, alone.out, alone.err)


@needs_mpi
def test_an_error_is_shown_once(place: Path) -> None:
    """All ranks would meet it; rank 0 says it, and the exit code is as ever."""
    done = ended(mpiexec(2, *TRAIN, "--gradient", "rtrl", path=place))
    assert done == (2, "", "charseq: error: train.gradient = rtrl works in one process: leave mpiexec out\n")


@needs_mpi
def test_an_error_of_another_rank_is_shown_with_its_number(place: Path) -> None:
    """A machine that lacks the text says so, and ends all."""
    elsewhere = place / "elsewhere"
    elsewhere.mkdir()
    here, there = ([sys.executable, *TRAIN, *SHORT], ["-wdir", str(elsewhere), sys.executable, *TRAIN])
    from tests.cli.conftest import surroundings

    words = [str(MPIEXEC), "-n", "1", *here, ":", "-n", "1", *there]
    done = subprocess.run(words, cwd=place, capture_output=True, text=True, env=surroundings(), check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "rank 1: charseq: error: text.txt: no such file or directory"
